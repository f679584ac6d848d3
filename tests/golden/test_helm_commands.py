"""The command lines that helm gets: those of pyhelm3, without a shell, with what helm 3 and 4 call differently."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.engines.helm.commands import Helm, arguments, done, major_version
from tasks.processes import Processes

VARIABLES = {"HELM_KUBECONTEXT": "dev-plan"}
AWKWARD = 'it\'s $(touch made) `x` "y" \\ ; & | > *\nnew line'

STAND_IN = f"""#!{sys.executable}
import json, os, pathlib, sys
if sys.argv[1] == "version":
    print("v4.3.1")
    sys.exit()
values = pathlib.Path(sys.argv[sys.argv.index("--values") + 1]) if "--values" in sys.argv else None
told = {{"argv": sys.argv[1:], "context": os.environ.get("HELM_KUBECONTEXT")}}
if values:
    told |= {{"values": json.loads(values.read_text()), "mode": values.stat().st_mode, "file": str(values)}}
print(json.dumps(told))
"""


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    """A program in helm's place that tells what it was called with."""
    program = tmp_path / "stand in"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return Helm(str(program), tmp_path, VARIABLES, 100, Processes())


def test_the_major_version_is_asked_of_the_program(helm: Helm) -> None:
    assert major_version(helm._executable) == 4


def test_nothing_goes_through_a_shell(helm: Helm, tmp_path: Path) -> None:
    told = done(helm.install_or_upgrade(AWKWARD, Path("chart.tgz"), {}, description=AWKWARD, namespace="shop"))
    assert told["argv"][1] == AWKWARD
    assert told["argv"][told["argv"].index("--description") + 1] == AWKWARD
    assert not (tmp_path / "made").exists()


def test_values_go_through_a_file_for_our_eyes_only_that_is_gone_afterwards(helm: Helm) -> None:
    told = done(helm.install_or_upgrade("cart", Path("chart.tgz"), {"a": [AWKWARD]}))
    assert told["values"] == {"a": [AWKWARD]}
    assert stat.S_IMODE(told["mode"]) == 0o600
    assert not Path(told["file"]).exists()


def test_helm_acts_in_the_context_that_the_variables_name(helm: Helm) -> None:
    assert done(helm.status("cart"))["context"] == "dev-plan"


def test_helm_stops_waiting_before_its_time_limit_ends_it(helm: Helm) -> None:
    told = done(helm.install_or_upgrade("cart", Path("chart.tgz"), wait=True))
    assert told["argv"][told["argv"].index("--timeout") + 1] == "80s"


def test_without_a_context_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="give the environment a cluster"):
        Helm("helm", tmp_path, {}, 100, Processes())


@pytest.mark.parametrize(
    ("command", "major", "argv"),
    [
        (["status", "cart"], 4, ("status", "cart")),
        (["upgrade", "cart", "--values", "-"], 3, ("upgrade", "cart", "--values", "v.json")),
        (["upgrade", "cart"], 4, ("upgrade", "cart", "--server-side=true", "--force-conflicts")),
        (["rollback", "cart", 3], 4, ("rollback", "cart", "3", "--server-side=true", "--force-conflicts")),
        (["rollback", "cart", 3], 3, ("rollback", "cart", "3")),
        (["upgrade", "cart", "--dry-run"], 3, ("upgrade", "cart", "--dry-run=server")),
    ],
)
def test_helm_3_and_4_get_the_options_that_they_know(
    command: list[object], major: int, argv: tuple[str, ...]
) -> None:
    assert arguments(command, Path("v.json"), major) == argv


def test_something_that_is_no_helm_is_told(tmp_path: Path) -> None:
    program = tmp_path / "other"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    with pytest.raises(InvalidInput, match="is it helm"):
        major_version(str(program))
