"""Which environments a Terragrunt unit is held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.platform import Environment, Unit
from tasks.engines.terragrunt import parity, record
from tasks.engines.terragrunt.record import FoundEnvironment, FoundUnit, Record
from tests.platforms.workspaces import workspace

VPC, CHANGED = FoundUnit("vpc", artefact="one"), FoundUnit("vpc", artefact="two", sources={"git::x": "content"})


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ({}, []),
        ({"shared": (VPC,)}, []),
        ({"shared": ()}, ["shared has no unit vpc, so nothing of it was verified there"]),
        ({"shared": (CHANGED,)}, ["its modules and shared files are not those of shared: git::x"]),
        # Terragrunt has nothing in shared, so dev is held against what comes before that.
        ({"base": (CHANGED,)}, ["its modules and shared files are not those of base: git::x"]),
        ({"base": (CHANGED,), "shared": (VPC,)}, []),
    ],
)
def test_only_environments_of_the_repository_count(
    tmp_path: Path, before: dict[str, tuple[FoundUnit, ...]], told: list[str]
) -> None:
    found = {name: FoundEnvironment(f"live/{name}", units) for name, units in {**before, "dev": (VPC,)}.items()}
    file = tmp_path / record.FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(record.encode(Record("1.1.3", found)))
    for name in found:
        (tmp_path / f"live/{name}/vpc").mkdir(parents=True)
    unit, dev = Unit("vpc", "terragrunt", "live/dev/vpc", ("dev",)), Environment("dev", after=("shared",))
    here = workspace(tmp_path, unit, dev, environments={"base": (), "shared": ("base",), "dev": ("shared",)})
    assert [*parity.differences(here)] == told
