"""Every policy against its cases in tests/golden/policies: what it denies, what it lets pass, in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.domain.plan import Action, Change, Plan
from tasks.domain.platform import Unit
from tasks.domain.release import Target
from tasks.domain.rules import Override, Violation
from tasks.policy import rego

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "infrastructure/policies"
CASES = ROOT / "tests/golden/policies"
NOW = "2026-01-01T12:00:00Z"


@pytest.fixture(scope="module")
def policies() -> rego.Policies:
    return rego.load(POLICIES)


@pytest.mark.parametrize("case", sorted(CASES.glob("*/*.yaml")), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_case(case: Path, policies: rego.Policies) -> None:
    given = yaml.safe_load(case.read_text())
    if "limits" in given:
        policies = replace(policies, limits=rego.Limits.model_validate(given["limits"]))

    found = [f for f in _tested(policies, given) if f.policy == case.parent.name]

    assert found == [Violation(case.parent.name, **finding) for finding in given["findings"]]
    assert any(finding.denied for finding in found) == case.name.startswith("deny_")


def test_every_policy_has_cases_that_it_denies_and_cases_that_it_lets_pass() -> None:
    expected = {(path.stem, verdict) for path in POLICIES.glob("*.rego") for verdict in ("deny", "pass")}
    assert {(case.parent.name, case.name.partition("_")[0]) for case in CASES.glob("*/*.yaml")} == expected


def _tested(policies: rego.Policies, given: dict[str, Any]) -> tuple[Violation, ...]:
    about = {"name": "networking", "protected": False} | given.get("unit", {})
    target = Target("3f2a1c", given.get("environment", "dev"), about["name"])
    plan = Plan(target, "terraform", tuple(map(_change, given["changes"])), "", "")
    unit = Unit(about["name"], "terraform", "terraform", ("dev",), protected=about["protected"])
    overrides = [Override(**override) for override in given.get("overrides", [])]
    now = datetime.fromisoformat(given.get("now", NOW))
    return policies.test(plan, unit, overrides, now, given.get("purpose", "promote"))


def _change(given: dict[str, Any]) -> Change:
    return Change(**{**given, "action": Action(given["action"]), "because": tuple(given.get("because", ()))})
