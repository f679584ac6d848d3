"""Secrets for tools in platform.yaml: what they come to for a unit, and what is refused, with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import manifest
from tasks.domain.credentials import Source
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Environment
from tests.platforms import two_environments

OWN = """credentials:
      plan: {CLOUDFLARE_API_TOKEN: {variable: "CLOUDFLARE_{environment}_READ"}}
      apply:
        CLOUDFLARE_API_TOKEN: {file: "/run/secrets/{platform}/cloudflare"}
        DATABASE_PASSWORD: {file: /run/secrets/shared}"""
MORE = """secrets:
      DATABASE_PASSWORD: {command: [vault, kv, get, -field=password, "shop/{environment}/db"]}"""


def seen(folder: Path) -> Environment:
    """Production, as the unit sees it."""
    platform = two_environments.load(folder, "", OWN, MORE)
    unit = manifest.resolve(platform, "production", "cart")
    return manifest.unit_environment("shop", platform.environment("production"), unit)


def test_credentials_differ_by_purpose_and_a_unit_has_its_own_besides(tmp_path: Path) -> None:
    found = seen(tmp_path)
    vault = Source(command=("vault", "kv", "get", "-field=password", "shop/production/db"))
    token = Source(variable="CLOUDFLARE_production_READ")
    assert found.secrets("plan") == {"CLOUDFLARE_API_TOKEN": token, "DATABASE_PASSWORD": vault}
    file = Source(file="/run/secrets/shop/cloudflare")
    assert found.secrets("apply") == {"CLOUDFLARE_API_TOKEN": file, "DATABASE_PASSWORD": vault}
    assert found.secret_names == {"CLOUDFLARE_API_TOKEN", "DATABASE_PASSWORD"}


def test_an_environment_has_none_of_another_one(tmp_path: Path) -> None:
    assert two_environments.load(tmp_path, "", OWN).environment("dev").secret_names == frozenset()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{TOKEN: {variable: A, file: B}}", "exactly one of variable, file, command, secretsmanager and ssm"),
        ("{TOKEN: {key: a}}", "exactly one of"),
        ("{TOKEN: {command: []}}", "command"),
        ("{TO-KEN: {file: a}}", "the name of an environment variable"),
        ("{AWS_ACCESS_KEY_ID: {file: a}}", "is a variable that FlowMart sets itself"),
        ("{path: {file: a}}", "is a variable that FlowMart sets itself"),
        ("{TOKEN: {ssm: /shop/db}}", "has no AWS account: add account and region"),
        ('{TOKEN: {file: "/run/{nothing}"}}', "nothing"),
        ("{TOKEN: c4nary}", "TOKEN"),
    ],
)
@pytest.mark.parametrize("where", ["environment", "unit"])
def test_what_cannot_be_is_named_with_its_place(tmp_path: Path, written: str, said: str, where: str) -> None:
    own, more = (f"credentials: {{plan: {written}}}", "") if where == "environment" else ("", f"secrets: {written}")
    with pytest.raises(InvalidInput, match=r"platform.yaml:\d+: ") as told:
        two_environments.load(tmp_path, "", own, more)
    assert said in str(told.value)


def test_a_variable_of_terraform_cannot_differ_between_plan_and_apply(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidInput, match=r"credentials\.apply\.TF_VAR_token: Terraform keeps its variables in the pl"
    ):
        two_environments.load(tmp_path, "", "credentials: {apply: {TF_VAR_token: {file: a}}}")
