"""What packer is asked, what its answers mean, what goes into an image, and which images may go. Nothing is run."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hcl2
import pytest

from tasks.domain.errors import InvalidInput, Refused
from tasks.engines.packer import commands as commands
from tasks.engines.packer import sources as sources
from tasks.engines.packer.images import Image, Keep, to_retire

RECORDED = Path(__file__).with_name("packer")
INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


# --- commands and answers --------------------------------------------------------------------------------


def test_the_command_lines() -> None:
    assert commands.version("packer") == ("packer", "version")
    assert commands.init("packer", ".") == ("packer", "init", ".")
    assert commands.validate("packer", ".", None) == ("packer", "validate", "-syntax-only", ".")
    assert commands.validate("packer", ".", "v.json") == ("packer", "validate", "-var-file=v.json", ".")
    assert commands.build("packer", "image.pkr.hcl", "v.json") == (
        "packer",
        "build",
        "-machine-readable",
        "-on-error=cleanup",
        "-var-file=v.json",
        "image.pkr.hcl",
    )


@pytest.mark.parametrize(
    ("said", "version"),
    [("Packer v1.6.6\n\nYour version is out of date!", (1, 6, 6)), ("Packer v1.14.2", (1, 14, 2))],
)
def test_the_version(said: str, version: tuple[int, ...]) -> None:
    assert commands.parsed_version(said) == version


@pytest.mark.parametrize(
    ("said", "why"),
    [("Packer v1.5.4", "1.5.4 is too old; 1.6 or later is needed: install it with"), ("", "it said nothing")],
)
def test_a_version_that_is_of_no_use(said: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        commands.parsed_version(said)


def test_a_failed_build_is_told_by_its_error_and_what_ansible_failed_with() -> None:
    assert commands.errors((RECORDED / "failed.txt").read_text()) == (
        "Error executing Ansible: Non-zero exit status: exit status 2\n"
        'amazon-ebs.image: fatal: [default]: FAILED! => {"changed": false, "msg": "no space left"}'
    )


def test_a_build_that_was_not_begun_is_told_by_what_packer_showed() -> None:
    told = commands.errors((RECORDED / "refused.txt").read_text())
    assert told.startswith("Error: 2 error(s) occurred:\n\n* Cannot share AMI encrypted with default KMS key")
    assert "default KMS key, see the documentation" in told


def test_the_image_is_read_from_the_last_run_of_the_manifest() -> None:
    manifest = (RECORDED / "manifest.json").read_text()
    assert commands.built(manifest, "eu-west-1") == ("ami-217c7ba1fe521ed4c", "ami-010210687841fde65")
    with pytest.raises(Refused, match="no image in us-east-1"):
        commands.built(manifest, "us-east-1")


@pytest.mark.parametrize(
    ("why", "asked"),
    [
        ("RequestError: send request failed caused by: dial tcp: i/o timeout", False),
        ("Timeout waiting for SSH.", False),
        ("Error executing Ansible: Non-zero exit status: exit status 2", True),
        ("UnauthorizedOperation: You are not authorized to perform this operation", True),
    ],
)
def test_no_answer_is_told_from_a_no(why: str, asked: bool) -> None:
    assert commands.could_not_ask(why) is not asked


# --- what goes into an image -----------------------------------------------------------------------------


def test_flowmarts_base_image_reads_its_template_and_the_roles_of_its_playbook() -> None:
    found = sources.reads(INFRASTRUCTURE, "packer/base")
    assert {"packer/base/image.pkr.hcl", "packer/base/plugins.pkr.hcl"} <= {*found}
    assert {"ansible/image.yml", "ansible/ansible.cfg", "ansible/group_vars/all.yml"} <= {*found}
    roles = {path.split("/")[2] for path in found if path.startswith("ansible/roles/")}
    assert roles == {"hardening", "time", "node_exporter", "log_shipper"}
    assert not [path for path in found if path.startswith("ansible/bastion/")]


def test_flowmarts_application_image_reads_its_own_role_only() -> None:
    found = sources.reads(INFRASTRUCTURE, "packer/application")
    assert {path.split("/")[2] for path in found if path.startswith("ansible/roles/")} == {"application"}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A copy of what images are made of."""
    for name in ("packer", "ansible"):
        shutil.copytree(INFRASTRUCTURE / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("packer/base/image.pkr.hcl", True),
        ("ansible/image.yml", True),
        ("ansible/roles/time/defaults/main.yml", True),
        ("ansible/roles/hardening/templates/sshd.conf.j2", True),
        ("ansible/roles/application/tasks/main.yml", False),
        ("ansible/bastion/playbook.yml", False),
        ("packer/README.md", False),
        ("packer/application/image.pkr.hcl", False),
    ],
)
def test_an_image_is_another_one_when_something_that_goes_into_it_is(release: Path, path: str, changes: bool) -> None:
    before = sources.identity(release, "packer/base", {"source_name": "a"})
    with (release / path).open("a") as file:
        file.write("# more\n")
    assert (sources.identity(release, "packer/base", {"source_name": "a"}) != before) is changes


def test_what_a_build_leaves_in_the_folder_changes_nothing(release: Path) -> None:
    before = sources.identity(release, "packer/base", {})
    (release / "packer/base/manifest.json").write_text("{}")
    (release / "packer/base/packer_cache").mkdir()
    assert sources.identity(release, "packer/base", {}) == before


def test_other_values_make_another_image() -> None:
    images = {sources.identity(INFRASTRUCTURE, "packer/base", {"source_name": name}) for name in ("a", "b")}
    assert len(images) == 2


def test_a_template_that_reads_from_outside_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "infrastructure/image"
    folder.mkdir(parents=True)
    (tmp_path / "secret").write_text("")
    (folder / "a.pkr.hcl").write_text('locals { a = file("${path.root}/../../secret") }')
    with pytest.raises(InvalidInput, match="outside of infrastructure"):
        sources.reads(tmp_path / "infrastructure", "image")


# --- what a template is ----------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["base", "application"])
def test_every_variable_of_a_template_says_what_it_is(unit: str) -> None:
    blocks = hcl2.loads((INFRASTRUCTURE / "packer" / unit / "image.pkr.hcl").read_text())["variable"]
    bodies = {name.strip('"'): body for block in blocks for name, body in block.items()}
    assert [name for name, body in bodies.items() if not body.get("description") or not body.get("type")] == []


@pytest.mark.parametrize(("unit", "source"), [("base", "source_name"), ("application", "source_ami")])
def test_what_has_to_be_given_is_the_source(unit: str, source: str) -> None:
    known = sources.variables(INFRASTRUCTURE / "packer" / unit)
    assert {name for name, each in known.items() if each.required} == {source, "name", "region", "tags"}
    assert (known["accounts"].kind, known["tags"].kind, known["volume_gb"].kind) == ("list", "map", "number")


def test_packer_16_gets_the_one_file_and_later_ones_the_folder(release: Path) -> None:
    folder = release / "packer/base"
    assert sources.argument(folder, (1, 6, 6)) == "image.pkr.hcl"
    assert sources.argument(folder, (1, 7, 0)) == "."
    (folder / "more.pkr.hcl").write_text("locals {}\n")
    with pytest.raises(InvalidInput, match=r"put image\.pkr\.hcl, more\.pkr\.hcl into one, or install Packer 1\.7"):
        sources.argument(folder, (1, 6, 6))
    (folder / "plugins.pkr.hcl").unlink()
    assert sources.argument(folder, (1, 6, 6)) == "."


# --- retirement ------------------------------------------------------------------------------------------


def image(name: str, days: int | None) -> Image:
    created = None if days is None else NOW - timedelta(days=days)
    return Image(name, name, "111111111111", "available", created, {}, ())


FAMILY = [image("new", 1), image("month", 30), image("quarter", 100), image("half", 200), image("year", 400)]


@pytest.mark.parametrize(
    ("keep", "used", "gone"),
    [
        (Keep(5, 0), [], []),
        (Keep(2, 0), [], ["year", "half", "quarter"]),
        (Keep(1, 90), [], ["year", "half", "quarter"]),
        (Keep(1, 365), [], ["year"]),
        (Keep(2, 90), ["half"], ["year", "quarter"]),
        (Keep(1, 500), [], []),
    ],
)
def test_images_go_when_they_are_many_and_old_and_unused(keep: Keep, used: list[str], gone: list[str]) -> None:
    assert [each.id for each in to_retire(FAMILY, keep, used, NOW)] == gone


def test_an_image_of_unknown_age_stays() -> None:
    assert to_retire([*FAMILY, image("unknown", None)], Keep(5, 500), [], NOW) == ()
    assert [each.id for each in to_retire([image("unknown", None)] * 3, Keep(1, 0), [], NOW)] == []
