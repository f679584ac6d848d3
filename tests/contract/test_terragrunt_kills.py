"""SIGKILL of Terragrunt, or of the Terraform under it, in the middle of a plan or an apply of a promotion."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tasks.domain.errors import FlowmartError, Interrupted
from tasks.ledger.state import EnvironmentState
from tasks.promotion import recovery
from tasks.promotion.executor import LocalExecutor
from tests.peers.terragrunts import PROGRAM
from tests.platforms.terragrunt_live import Live

UNIT = """
terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//two"
  HOOK
}
"""
MODULE = """
resource "terraform_data" "first" { input = "one" }
resource "terraform_data" "second" {
  input      = terraform_data.first.output
  provisioner "local-exec" { command = "COMMAND" }
}
"""
HOOK = 'before_hook "it" {\n    commands = ["WHEN"]\n    execute  = ["sh", "-c", "COMMAND"]\n  }'
NAME = "eu-west-1-two"


class Shop(Live):
    """A live repository with one unit, which stops once and waits to be killed: while `held` is there."""

    def __init__(self, folder: Path) -> None:
        self.begun, self.held = folder / "begun", folder / "held"
        super().__init__(folder)
        self.held.touch()

    @property
    def waiting(self) -> str:
        """A command that says once who runs it, and then waits."""
        said = f"echo $PPID > {self.begun}.part && mv {self.begun}.part {self.begun}"
        return f"test -e {self.begun} || {{ {said}; while test -e {self.held}; do sleep 0.1; done; }}"

    def build(self, *, hook: str = "", module: bool = False) -> str:
        """A release whose unit waits in a hook, or in an apply."""
        self.write("modules/two/main.tf", MODULE.replace("COMMAND", self.waiting if module else "true"))
        self.reduce({"two": UNIT.replace("HOOK", hook)})
        return self.release()

    def killed(self, release: str, *, terragrunt: bool) -> list[FlowmartError]:
        """Promote, and kill what waits, or the Terragrunt around it; what the promotion raised."""
        raised: list[FlowmartError] = []

        def promote() -> None:
            try:
                self.promote(release)
            except FlowmartError as error:
                raised.append(error)

        at_work = threading.Thread(target=promote)
        at_work.start()
        while not self.begun.exists() and at_work.is_alive():
            time.sleep(0.05)
        pid = int(self.begun.read_text())
        os.kill(_around(pid) if terragrunt else pid, signal.SIGKILL)
        at_work.join()
        return raised

    @property
    def state(self) -> EnvironmentState:
        """What the ledger of dev says."""
        return self.runtime.ledger().state("dev")


def _around(pid: int) -> int:
    """The Terragrunt that a process is, or runs under."""
    processes = (psutil.Process(pid), *psutil.Process(pid).parents())
    return next(each.pid for each in processes if Path(each.exe()) == Path(PROGRAM).resolve())


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("FLOWMART_TERRAGRUNT", PROGRAM)
    made = Shop(tmp_path)
    yield made
    made.held.unlink()


def test_a_terragrunt_that_is_killed_in_a_plan_is_asked_again(shop: Shop) -> None:
    hook = HOOK.replace("WHEN", "plan").replace("COMMAND", shop.waiting)
    release = shop.build(hook=hook)
    assert shop.killed(release, terragrunt=True) == []
    assert (shop.state.verified, shop.state.claim) == (release, None)


@pytest.mark.parametrize(
    ("hook", "terragrunt"),
    [
        pytest.param("", False, id="terraform-by-itself"),
        pytest.param(
            HOOK.replace("WHEN", "apply").replace("COMMAND", "true"), False, id="terraform-under-terragrunt"
        ),
        pytest.param(HOOK.replace("WHEN", "apply").replace("COMMAND", "true"), True, id="terragrunt"),
    ],
)
def test_an_apply_that_is_killed_halfway_is_no_answer_and_recovery_goes_on(
    shop: Shop, hook: str, terragrunt: bool
) -> None:
    release = shop.build(hook=hook, module=True)
    (raised,) = shop.killed(release, terragrunt=terragrunt)
    assert isinstance(raised, Interrupted)
    assert "which is partly done" in str(raised)
    state = shop.state
    assert (state.verified, release in state.rejected) == (None, False)
    assert state.claim is not None
    assert recovery.recover(shop.runtime, LocalExecutor(2), "dev", run_is_over=True)
    assert shop.state.claim is None
    assert shop.outputs("eu-west-1/two") == {}
    shop.promote(release)
    assert shop.state.verified == release
