"""The command lines that helm gets: those of pyhelm3, without a shell, with what helm 3 and 4 call differently."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tasks.domain.errors import InvalidInput
from tasks.engines.helm.capabilities import Capabilities
from tasks.engines.helm.commands import Helm, arguments, done, major_version
from tasks.processes import Processes

VARIABLES = {"HELM_KUBECONTEXT": "dev-plan"}
AWKWARD = 'it\'s $(touch made) `x` "y" \\ ; & | > *\nnew line'

STAND_IN = f"""#!{sys.executable}
import json, os, sys
if sys.argv[1] == "version":
    print("v4.3.1")
    sys.exit()
print("Pulled: something")
print(json.dumps({{"argv": sys.argv[1:], "context": os.environ.get("HELM_KUBECONTEXT")}}))
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
    told = done(helm.upgrade(AWKWARD, Path("chart.tgz"), [], "shop"))
    assert told["argv"][1] == AWKWARD
    assert not (tmp_path / "made").exists()


def test_helm_reads_the_values_files_itself_in_their_order(helm: Helm) -> None:
    argv = done(helm.upgrade("cart", Path("chart.tgz"), [Path("dev.yaml"), Path("inputs.json")], "shop"))["argv"]
    first = argv.index("--values")
    assert argv[first : first + 4] == ["--values", "dev.yaml", "--values", "inputs.json"]


def test_a_dry_run_waits_for_nothing(helm: Helm) -> None:
    argv = done(helm.upgrade("cart", Path("chart.tgz"), [], "shop", dry_run=True))["argv"]
    assert ("--dry-run=server" in argv, "--wait" in argv) == (True, False)


def test_helm_acts_in_the_context_that_the_variables_name(helm: Helm) -> None:
    assert done(helm.upgrade("cart", Path("chart.tgz"), [], "shop"))["context"] == "dev-plan"


def test_helm_stops_waiting_before_its_time_limit_ends_it(helm: Helm) -> None:
    argv = done(helm.upgrade("cart", Path("chart.tgz"), [], "shop"))["argv"]
    assert argv[argv.index("--timeout") + 1] == "80s"
    assert {"--wait", "--wait-for-jobs"} <= set(argv)


def test_without_a_context_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="give the environment a cluster"):
        Helm("helm", tmp_path, {}, 100, Processes())


@pytest.mark.parametrize(
    ("command", "major", "argv"),
    [
        (["status", "cart"], 4, ("status", "cart")),
        (["upgrade", "cart", Path("c.tgz")], 3, ("upgrade", "cart", "c.tgz")),
        (["upgrade", "cart"], 4, ("upgrade", "cart", "--server-side=true", "--force-conflicts")),
        (["rollback", "cart", 3], 4, ("rollback", "cart", "3", "--server-side=true", "--force-conflicts")),
        (["rollback", "cart", 3], 3, ("rollback", "cart", "3")),
        (["upgrade", "cart", "--dry-run"], 3, ("upgrade", "cart", "--dry-run=server")),
    ],
)
def test_helm_3_and_4_get_the_options_that_they_know(
    command: list[object], major: int, argv: tuple[str, ...]
) -> None:
    assert arguments(command, major) == argv


def test_something_that_is_no_helm_is_told(tmp_path: Path) -> None:
    program = tmp_path / "other"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    with pytest.raises(InvalidInput, match="is it helm"):
        major_version(str(program))


def test_many_api_versions_are_several_arguments(helm: Helm) -> None:
    versions = tuple(f"group-{number}.{'long.' * 20}example/v1/Kind" for number in range(1500))
    told = done(helm.rendered("cart", Path("chart.tgz"), [], "shop", told=Capabilities("v1.34.0", versions)))
    argv = json.loads(told[told.index("{") :])["argv"]
    given = [argv[at + 1] for at, part in enumerate(argv) if part == "--api-versions"]
    assert max(map(len, given)) < 2**16
    assert ",".join(given).split(",") == [*versions]
