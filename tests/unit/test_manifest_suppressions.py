"""drift.yaml becomes the suppressions that reports look at, or is refused with what would be right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.rules import Suppression
from tasks.manifest.declared.exceptions import DeclaredSuppression

PROJECT = Path(__file__).parents[2]
TODAY = date(2030, 1, 1)
RIGHT = """\
- environment: dev
  unit: database
  address: aws_db_instance.*
  attributes: [instance_class]
  reason: The load test needs a larger one.
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
    (folder / "database").mkdir(parents=True)
    (folder / "database/main.tf").touch()
    (folder / "platform.yaml").write_text(PLATFORM)
    return folder


def test_a_suppression_is_read_with_its_day_as_text(infrastructure: Path) -> None:
    (infrastructure / "drift.yaml").write_text(RIGHT)
    reason = "The load test needs a larger one."
    assert manifest.load_suppressions(infrastructure, TODAY) == (
        Suppression("dev", "database", "aws_db_instance.*", reason, "2030-01-31", ("instance_class",)),
    )


@pytest.mark.parametrize("text", [None, "", "[]\n", "# none\n"])
def test_nothing_written_is_no_suppression(infrastructure: Path, text: str | None) -> None:
    if text is not None:
        (infrastructure / "drift.yaml").write_text(text)
    assert manifest.load_suppressions(infrastructure, TODAY) == ()


def test_one_that_has_expired_does_not_make_the_release_invalid(infrastructure: Path) -> None:
    (infrastructure / "drift.yaml").write_text(RIGHT)
    assert len(manifest.load_suppressions(infrastructure, date(2035, 1, 1))) == 1


def test_flowmart_suppresses_nothing_and_the_examples_are_right(infrastructure: Path) -> None:
    assert manifest.load_suppressions(PROJECT / "infrastructure", TODAY) == ()
    lines = (PROJECT / "infrastructure/drift.yaml").read_text().splitlines()
    example = "\n".join(line.removeprefix("# ") for line in lines if line.startswith(("# - ", "#   ")))
    (infrastructure / "drift.yaml").write_text(
        example.replace("staging", "dev").replace("unit: compute", "unit: database")
    )
    assert len(manifest.load_suppressions(infrastructure, TODAY)) == 1


@pytest.mark.parametrize("key", DeclaredSuppression.model_fields)
def test_every_key_is_documented(key: str) -> None:
    assert f"| `{key}` |" in (PROJECT / "docs/drift.md").read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("environment: dev", "environment: staging", "1: [0].environment: 'staging' is not an environment. "
         "Allowed: dev"),
        ("unit: database", "unit: databse", "2: [0].unit: 'databse' is not a unit in dev. "
         "Did you mean 'database'? Allowed: database"),
        ("  reason: The load test needs a larger one.\n", "", "1: [0].reason: is missing. "
         "Why this may stay, for whoever reads the report."),
        ("[instance_class]", "instance_class", "4: [0].attributes: must be a list, not 'instance_class'"),
        ("2030-01-31", "2030-02-31", "6: [0].expires: there is no day 2030-02-31: write YYYY-MM-DD"),
        ("2030-01-31", "2030-04-02", "6: [0].expires: is more than 90 days ahead: at most 2030-04-01; "
         "what is meant to stay belongs into the code"),
        ("reason:", "because: x\n  reason:", "5: [0].because: is not a key here. "
         "Allowed: address, attributes, environment, expires, reason, unit"),
        (RIGHT, "suppressions: []\n", "1: must be a list, not a mapping"),
        (RIGHT, RIGHT + RIGHT, "7: [1]: another suppression has this environment, unit, address and attributes: "
         "keep one"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_suppression_is_told(infrastructure: Path, old: str, new: str, message: str) -> None:
    (infrastructure / "drift.yaml").write_text(RIGHT.replace(old, new))
    with pytest.raises(InvalidInput) as refused:
        manifest.load_suppressions(infrastructure, TODAY)
    assert str(refused.value) == f"infrastructure/drift.yaml:{message}"
