"""As whom Terragrunt units are worked on: what a command gives, and what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Refused
from tasks.domain.platform import Unit
from tasks.engines.base import Workspace
from tasks.engines.terragrunt import credentials
from tasks.engines.terragrunt.answers import Configuration
from tests.platforms.workspaces import workspace

PLAN, APPLY, OWN = (f"arn:aws:iam::222222222222:role/{name}" for name in ("reader", "writer", "deployer"))
ROLES = {"iam_roles": {"plan": PLAN, "apply": APPLY}}


def of_unit(folder: Path, **options: Any) -> Workspace:
    (folder / "app").mkdir()
    declared = Unit("app", "terragrunt", "app", ("dev",), time_limit=60.0, options=options)
    given = {"reading": lambda: {"AWS_ACCESS_KEY_ID": "reads"}, "writing": lambda: {"AWS_ACCESS_KEY_ID": "writes"}}
    return credentials.given(workspace(folder, declared, **given))


def by_command(folder: Path, script: str) -> Workspace:
    program = folder / "auth"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return of_unit(folder, auth_provider_cmd="../auth 'for us'")


def test_a_command_gives_credentials_for_plans_and_for_applies(tmp_path: Path) -> None:
    keys = '"awsCredentials": {"ACCESS_KEY_ID": "%s", "SECRET_ACCESS_KEY": "x"}'
    script = f"""printf '{{"envs": {{"VIA": "%s"}}, {keys}}}' "$1 $AWS_ACCESS_KEY_ID" "$FLOWMART_PURPOSE" """
    found = by_command(tmp_path, script)
    expected = {"AWS_ACCESS_KEY_ID": "plan", "AWS_SECRET_ACCESS_KEY": "x", "VIA": "for us reads"}
    assert found.reading() == expected
    assert found.writing() == {**expected, "AWS_ACCESS_KEY_ID": "apply", "VIA": "for us writes"}


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo no vault >&2; exit 3", "app: auth_provider_cmd ../auth 'for us' failed with 3: no vault"),
        ("echo hello", "auth_provider_cmd ../auth 'for us' prints no JSON with envs, awsCredentials or awsRole"),
        ("echo '[1]'", "auth_provider_cmd ../auth 'for us' prints no JSON with envs, awsCredentials or awsRole"),
    ],
)
def test_a_command_that_gives_none_is_named(tmp_path: Path, script: str, told: str) -> None:
    with pytest.raises(Refused, match=told):
        by_command(tmp_path, script).reading()


def test_a_role_for_everything_is_not_taken(tmp_path: Path) -> None:
    told = credentials.fault(of_unit(tmp_path), Configuration(iam_role=OWN))
    assert told.startswith(f"it sets iam_role {OWN}, and a plan may not have a role that writes: name a role each")


def test_roles_stand_for_it_in_plans_and_in_applies_and_the_plan_says_so(tmp_path: Path) -> None:
    found = of_unit(tmp_path, **ROLES)
    assert credentials.fault(found, Configuration(iam_role=OWN)) == ""
    assert found.reading()["TG_IAM_ASSUME_ROLE"] == PLAN
    assert found.writing()["TG_IAM_ASSUME_ROLE"] == APPLY
    assert [*credentials.warnings(found, Configuration(iam_role=OWN))] == [
        f"its iam_role {OWN} is not used: {PLAN} plans, {APPLY} applies"
    ]
    assert [*credentials.warnings(found, Configuration())] == []
