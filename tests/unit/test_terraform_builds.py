"""Providers of a root without a lock file: one version may still be two builds, which one release may not mix."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.errors import Refused
from tasks.domain.platform import Unit
from tasks.domain.release import Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.terraform import builds
from tests.platforms.workspaces import workspace

LOCK = 'provider "registry.terraform.io/acme/thing" {{\n  version = "{}"\n  hashes = [\n    {}\n  ]\n}}\n'
NAME = "registry.terraform.io/acme/thing"


@pytest.fixture
def unit(tmp_path: Path) -> Workspace:
    (tmp_path / "app/.terraform").mkdir(parents=True)
    return workspace(tmp_path, Unit("app", "terraform", "app", ("dev",)))


def noted(unit: Workspace, *hashes: str, version: str = "1.0.0") -> Workspace:
    """The workspace after an init that chose a build with these hashes."""
    listed = ",\n    ".join(f'"{each}"' for each in hashes)
    (unit.folder / ".terraform.lock.hcl").write_text(LOCK.format(version, listed))
    builds.note(unit.folder)
    return unit


def received(unit: Workspace, release: str = "one") -> Receipt:
    """What production's receipt of the same unit says."""
    return Receipt(
        "production/3", Target(release, "production", "app"), "", "", "", {}, "", builds.details(unit.folder)
    )


def test_another_build_of_the_same_version_is_refused(unit: Workspace) -> None:
    receipt = received(noted(unit, "h1:a", "zh:1", "zh:2"))
    builds.refuse_another(noted(unit, "zh:2", "zh:1"), [receipt])
    with pytest.raises(Refused, match=rf"{NAME} 1\.0\.0 is another build than production got .*: commit"):
        builds.refuse_another(noted(unit, "h1:a", "zh:1", "zh:3"), [receipt])


def test_what_cannot_be_compared_is_no_other_build(unit: Workspace) -> None:
    receipt = received(noted(unit, "zh:1"))
    builds.refuse_another(noted(unit, "h1:a"), [receipt])


def test_another_release_may_have_another_build(unit: Workspace) -> None:
    receipt = received(noted(unit, "h1:a"), release="two")
    builds.refuse_another(noted(unit, "h1:b"), [receipt])


def test_another_version_is_refused(unit: Workspace) -> None:
    receipt = received(noted(unit, "h1:a"))
    with pytest.raises(Refused, match=r"thing 1\.0\.1 is another build"):
        builds.refuse_another(noted(unit, "zh:a", version="1.0.1"), [receipt])


def test_a_root_with_a_lock_file_of_its_own_has_nothing_noted(unit: Workspace) -> None:
    assert builds.details(unit.folder) == {}


def test_a_root_that_needs_no_provider_has_nothing_noted(tmp_path: Path) -> None:
    builds.note(tmp_path)
    assert [*tmp_path.iterdir()] == []
