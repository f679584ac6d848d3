"""The programs that Terragrunt is given in place of Terraform, and what they write down, without any Terragrunt."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tasks.engines.terragrunt import recording, stand_ins
from tasks.engines.terragrunt.recording import Recorded
from tasks.engines.terragrunt.stand_ins import StandIns

VERSION = "Terraform v1.11.4\non linux_amd64\n"


@pytest.fixture
def programs(tmp_path: Path) -> StandIns:
    terraform = tmp_path / "terraform"
    terraform.write_text('#!/bin/sh\necho "terraform $*"\n')
    terraform.chmod(0o755)
    return stand_ins.provided(str(terraform), tmp_path / "stand-ins", lambda: VERSION)


def run(program: Path, folder: Path, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=variables, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def planned(programs: StandIns, downloads: Path, unit: Path, given: Mapping[str, str], *arguments: str) -> Path:
    """A plan as Terragrunt starts it for a unit, and the folder that it starts it in."""
    folder = downloads / recording.place_of(unit) / "source/module"
    folder.mkdir(parents=True)
    run(programs.recording, folder, "plan", "-input=false", *arguments, "-no-color", **given)
    return folder


def test_both_tell_the_version_without_starting_terraform(programs: StandIns, tmp_path: Path) -> None:
    for program in (programs.recording, programs.without_outputs):
        assert run(program, tmp_path, "-version", PATH="/usr/bin:/bin") == VERSION


def test_they_are_written_once(programs: StandIns, tmp_path: Path) -> None:
    again = stand_ins.provided(str(tmp_path / "terraform"), tmp_path / "stand-ins", lambda: "another version")
    assert again == programs
    assert "another version" not in programs.recording.read_text()


def test_without_outputs_says_that_nothing_is_applied(programs: StandIns, tmp_path: Path) -> None:
    assert run(programs.without_outputs, tmp_path, "output", "-json", PATH="/usr/bin:/bin").strip() == "{}"


def test_all_but_plans_is_terraforms(programs: StandIns, tmp_path: Path) -> None:
    assert run(programs.recording, tmp_path, "output", "-json", PATH="/usr/bin:/bin") == "terraform output -json\n"


def test_a_plan_is_written_down_with_what_the_unit_adds(programs: StandIns, tmp_path: Path) -> None:
    given = {"PATH": "/usr/bin", "TG_DOWNLOAD_DIR": str(tmp_path / "all"), "AWS_ACCESS_KEY_ID": "of the reader"}
    own = {"TF_VAR_name": "ö\n'one'", "TF_VAR_with-hyphen": "2", "AWS_ACCESS_KEY_ID": "of a role", "PATH": "/bin"}
    unit = tmp_path / "live/unit"
    folder = planned(programs, tmp_path / "all", unit, {**given, **own}, "-var-file=/x.tfvars")
    found = recording.taken(tmp_path / "all", given)
    variables = {"PATH": "/bin", "TF_VAR_name": "ö\n'one'", "TF_VAR_with-hyphen": "2"}
    assert found == {recording.place_of(unit): Recorded(str(folder), ("-var-file=/x.tfvars",), variables)}
    assert recording.taken(tmp_path / "all", given) == {}


def test_why_an_init_failed_is_written_down(programs: StandIns, tmp_path: Path) -> None:
    terraform = tmp_path / "terraform"
    terraform.write_text("#!/bin/sh\necho no bucket >&2; exit 1\n")
    done = subprocess.run(
        [programs.recording, "init", "-get=false"],
        cwd=tmp_path,
        env={"TG_DOWNLOAD_DIR": str(tmp_path / "all"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, "no bucket\n")
    assert recording.failures(tmp_path / "all") == "no bucket\n"
    assert recording.failures(tmp_path / "all") == ""


def test_of_an_init_that_succeeds_nothing_is_written_down(programs: StandIns, tmp_path: Path) -> None:
    given = {"TG_DOWNLOAD_DIR": str(tmp_path / "all"), "PATH": "/usr/bin:/bin"}
    assert run(programs.recording, tmp_path, "init", "-get=false", **given) == "terraform init -get=false\n"
    assert recording.failures(tmp_path / "all") == ""


def test_what_is_written_down_is_for_its_owner_alone(programs: StandIns, tmp_path: Path) -> None:
    planned(programs, tmp_path / "all", tmp_path / "unit", {"TG_DOWNLOAD_DIR": str(tmp_path / "all")})
    (file,) = (tmp_path / "all" / stand_ins.RECORDED).iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_place_of_a_unit_is_that_of_terragrunt_1_1_3() -> None:
    assert recording.place_of(Path("/srv/shop/live/unit")) == "dDfGD-U6EcZcCRtG7SqQVpmV6rc"
