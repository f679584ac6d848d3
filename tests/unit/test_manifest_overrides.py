"""overrides.yaml becomes the exceptions that the policies look at, or is refused with what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.rules import Override

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"
RIGHT = """\
- policy: protected
  environment: dev
  unit: database
  address: aws_dynamodb_table.carts
  reason: The table gets a new key.
  expires: 2030-01-31
"""
PLATFORM = """\
platform: shop
environments: {dev: {account: "222222222222", region: eu-west-1}}
units: {database: {engine: terraform, source: database, environments: [dev]}}
"""


@pytest.fixture
def infrastructure(tmp_path: Path) -> Path:
    folder = tmp_path / "infrastructure"
    for file in ("database/main.tf", "policies/protected.rego", "policies/encryption.rego"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    (folder / "platform.yaml").write_text(PLATFORM)
    return folder


def test_an_override_is_read_with_its_day_as_text(infrastructure: Path) -> None:
    (infrastructure / "overrides.yaml").write_text(RIGHT)
    assert manifest.load_overrides(infrastructure) == (
        Override(
            policy="protected",
            environment="dev",
            unit="database",
            address="aws_dynamodb_table.carts",
            reason="The table gets a new key.",
            expires="2030-01-31",
        ),
    )


@pytest.mark.parametrize("text", ["", "[]\n", "# none\n"])
def test_nothing_written_is_no_override(infrastructure: Path, text: str) -> None:
    (infrastructure / "overrides.yaml").write_text(text)
    assert manifest.load_overrides(infrastructure) == ()


def test_a_file_with_another_ending_is_not_passed_over(infrastructure: Path) -> None:
    (infrastructure / "overrides.yml").write_text("[]")
    with pytest.raises(InvalidInput, match=r"overrides\.yml: is not read; rename it overrides\.yaml"):
        manifest.load_overrides(infrastructure)


def test_no_file_is_no_override(infrastructure: Path) -> None:
    assert manifest.load_overrides(infrastructure) == ()


def test_flowmart_has_no_override_and_its_example_is_right(infrastructure: Path) -> None:
    assert manifest.load_overrides(INFRASTRUCTURE) == ()
    lines = (INFRASTRUCTURE / "overrides.yaml").read_text().splitlines()
    example = [line.removeprefix("# ") for line in lines if line.startswith(("# - ", "#   "))]
    platform = (INFRASTRUCTURE / "platform.yaml").read_text()
    assert all(f"  {name}:" in platform for name in ("staging", "database"))
    text = "\n".join(example).replace("environment: staging", "environment: dev")
    (infrastructure / "overrides.yaml").write_text(text)
    assert [override.policy for override in manifest.load_overrides(infrastructure)] == ["protected"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("policy: protected", "policy: protcted", "1: [0].policy: 'protcted' is not a policy. "
         "Did you mean 'protected'? Allowed: encryption, protected"),
        ("environment: dev", "environment: staging", "2: [0].environment: 'staging' is not an environment. "
         "Allowed: dev"),
        ("unit: database", "unit: databse", "3: [0].unit: 'databse' is not a unit in dev. "
         "Did you mean 'database'? Allowed: database"),
        ("  reason: The table gets a new key.\n", "", "1: [0].reason: is missing. "
         "Why this is right, for whoever reads the audit."),
        ("reason: The table gets a new key.", 'reason: " "', "5: [0].reason: must be text, not ' '"),
        ("2030-01-31", "31.1.2030", "6: [0].expires: must be a date: YYYY-MM-DD, not '31.1.2030'"),
        ("2030-01-31", "2030-02-31", "6: [0].expires: there is no day 2030-02-31: write YYYY-MM-DD"),
        ("reason:", "because: x\n  reason:", "5: [0].because: is not a key here. "
         "Allowed: address, environment, expires, policy, reason, unit"),
        (RIGHT, "overrides: []\n", "1: must be a list, not a mapping"),
        (RIGHT, RIGHT + RIGHT, "7: [1]: another override has this policy, environment, unit and address: keep one"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_override_is_told(infrastructure: Path, old: str, new: str, message: str) -> None:
    (infrastructure / "overrides.yaml").write_text(RIGHT.replace(old, new))
    with pytest.raises(InvalidInput) as refused:
        manifest.load_overrides(infrastructure)
    assert str(refused.value) == f"infrastructure/overrides.yaml:{message}"
