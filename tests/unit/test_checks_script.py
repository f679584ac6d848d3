"""The script check: real programs with real exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.checks import running
from tasks.checks.answers import Surroundings
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Check

Ask = Callable[..., CheckResult]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "infrastructure"
    (found / "scripts").mkdir(parents=True)
    return found


@pytest.fixture
def ask(folder: Path) -> Ask:
    def asking(name: str, source: str, mode: int = 0o755, **options: Any) -> CheckResult:
        (folder / "scripts" / name).write_text(source)
        (folder / "scripts" / name).chmod(mode)
        return run(folder, f"scripts/{name}", **options)

    return asking


def run(folder: Path, path: str, **options: Any) -> CheckResult:
    around = Surroundings(
        client=lambda service: service,
        outputs={"table": "carts"},
        folder=folder,
        variables={"AWS_REGION": "eu-west-1"},
    )
    return running.run(Check("a check", "script", {"path": path, **options}, within=0), around)


@pytest.mark.parametrize(
    ("source", "outcome", "found"),
    [
        ("echo first; echo all is well", Outcome.SUCCEEDED, "all is well"),
        ("exit 0", Outcome.SUCCEEDED, "it printed nothing"),
        ("echo recovery is off; exit 1", Outcome.FAILED, "recovery is off"),
        ("echo on stderr >&2; exit 1", Outcome.FAILED, "on stderr"),
        ("echo asking; echo throttled >&2; exit 2", Outcome.UNANSWERED, "exit code 2: throttled"),
        ("no-such-program", Outcome.UNANSWERED, None),
        ("kill -9 $$", Outcome.UNANSWERED, "exit code -9: it printed nothing"),
    ],
)
def test_the_exit_code_decides(ask: Ask, source: str, outcome: Outcome, found: str | None) -> None:
    result = ask("check.sh", f"#!/bin/sh\n{source}\n")
    assert result.outcome is outcome
    assert found is None or result.found == found


def test_what_is_expected_is_the_command(ask: Ask) -> None:
    result = ask("check.sh", "#!/bin/sh\n", arguments=["--table", "{outputs.table}"])
    assert result.expected == "scripts/check.sh --table carts exits with 0"


def test_arguments_reach_the_program_as_they_are_without_a_shell(ask: Ask) -> None:
    arguments = ["$(touch broken)", "; exit 1", "two words", "*", "{outputs.table}"]
    result = ask("check.py", "import json, sys\nprint(json.dumps(sys.argv[1:]))\n", arguments=arguments)
    assert json.loads(result.found) == [*arguments[:-1], "carts"]


def test_it_runs_in_the_infrastructure_folder_with_its_variables_and_the_products_interpreter_first(
    ask: Ask, folder: Path
) -> None:
    source = "import os, shutil\nprint(os.getcwd(), os.environ['AWS_REGION'], shutil.which('python'))\n"
    assert ask("check.py", source).found == f"{folder} eu-west-1 {Path(sys.executable).parent / 'python'}"


def test_a_python_file_needs_no_executable_bit_and_has_the_products_packages(ask: Ask) -> None:
    source = "import boto3, sys\nprint(sys.executable)\n"
    assert ask("check.py", source, mode=0o600).found == sys.executable


def test_a_traceback_is_unanswered_although_python_exits_with_1(ask: Ask) -> None:
    result = ask("check.py", "raise KeyError('status')\n")
    assert (result.outcome, result.found) == (Outcome.UNANSWERED, "exit code 1: KeyError: 'status'")


def test_python_that_decides_to_exit_with_1_has_failed(ask: Ask) -> None:
    result = ask("check.py", "import sys\nsys.exit('the table is gone')\n")
    assert (result.outcome, result.found) == (Outcome.FAILED, "the table is gone")


def test_the_time_limit_is_unanswered(ask: Ask) -> None:
    result = ask("check.py", "import time\ntime.sleep(600)\n", timeout=0.2)
    assert result.outcome is Outcome.UNANSWERED
    assert "time limit of 0.2 s" in result.found


@pytest.mark.parametrize(
    ("source", "mode"), [("#!/no/such/interpreter\n", 0o755), ("#!/bin/sh\n", 0o644), ("\x00\x01", 0o755)]
)
def test_a_program_that_cannot_be_started_is_unanswered(ask: Ask, source: str, mode: int) -> None:
    assert ask("check.sh", source, mode=mode).outcome is Outcome.UNANSWERED


def test_a_script_that_is_not_in_the_release_is_unanswered(folder: Path) -> None:
    result = run(folder, "scripts/missing.py")
    assert (result.outcome, result.found) == (
        Outcome.UNANSWERED,
        "there is no file scripts/missing.py in the release",
    )


def test_a_link_out_of_the_release_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("print('ran')\n")
    (folder / "scripts/link.py").symlink_to(tmp_path / "outside.py")
    assert run(folder, "scripts/link.py").outcome is Outcome.UNANSWERED
