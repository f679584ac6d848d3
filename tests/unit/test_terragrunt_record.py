"""Where the modules of units come from, as the record of a release has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.platform import Environment, Unit
from tasks.engines.terragrunt import record
from tasks.engines.terragrunt.preparation import Preparation
from tasks.engines.terragrunt.record import FoundEnvironment, FoundUnit, Record
from tests.platforms.workspaces import workspace

SOURCE = "git::https://x.example/mods.git"


@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_a_unit_gets_its_own_version_of_a_source_that_others_have_in_another(
    tmp_path: Path, environment: str
) -> None:
    environments = {
        name: FoundEnvironment(f"live/{name}", (FoundUnit("app", sources={f"{SOURCE}?ref={tag}": f"kept/{tag}"}),))
        for name, tag in (("dev", "v2"), ("staging", "v1"))
    }
    (tmp_path / record.FOLDER).mkdir(parents=True)
    (tmp_path / record.FILE).write_bytes(record.encode(Record("1.1.3", environments)))
    unit = Unit("app", "terragrunt", f"live/{environment}/app", (environment,))
    variables = Preparation(workspace(tmp_path, unit, Environment(environment))).variables
    tag = {"dev": "v2", "staging": "v1"}[environment]
    assert variables["TG_SOURCE_MAP"] == f"{SOURCE}={tmp_path.resolve()}/kept/{tag}"
