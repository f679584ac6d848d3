"""Cancelling a real tool: Terraform ends, saves its state, and what its provisioner started ends with it."""

import json
import threading
import time
from pathlib import Path

from tasks.processes import Command, Finished, Processes

CODE = """
resource "terraform_data" "before" {}

resource "terraform_data" "slow" {
  depends_on = [terraform_data.before]
  provisioner "local-exec" {
    command = "sh work.sh; true"
  }
}
"""
WORK = """
trap 'touch told; exit 0' INT
touch begun
while true; do sleep 0.1; done
"""


def test_cancelling_reaches_what_a_provisioner_started_and_saves_the_state(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(CODE)
    (tmp_path / "work.sh").write_text(WORK)
    run = Processes()
    run.run(Command(("terraform", "init", "-input=false"), tmp_path))
    ended: list[Finished] = []
    apply = Command(("terraform", "apply", "-auto-approve", "-input=false", "-no-color"), tmp_path)
    applying = threading.Thread(target=lambda: ended.append(run.run(apply)))
    applying.start()
    wait_for(tmp_path / "begun")
    run.stop_all()
    applying.join()
    assert ended[0].exit_code == 1
    assert "Interrupt received" in ended[0].stdout
    assert "Two interrupts received" not in ended[0].stdout
    assert (tmp_path / "told").exists()
    state = json.loads((tmp_path / "terraform.tfstate").read_text())
    assert "before" in {resource["name"] for resource in state["resources"]}


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} is not there"
        time.sleep(0.05)
