"""FlowMart's own monitoring in a cluster, as the validators judge it: a unit like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.domain.platform import Unit
from tasks.engines import ENGINES, validation
from tasks.engines.base import Workspace
from tasks.engines.kustomize.manifests import beside, objects
from tests.peers.tools import tool
from tests.platforms.workspaces import workspace

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"


def in_environment(name: str) -> Workspace:
    unit = Unit("monitoring-rules", "kustomize", f"kubernetes/monitoring/{name}", ("dev",))
    return workspace(INFRASTRUCTURE, unit, executable=tool("kubectl"))


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
def test_the_validators_find_it_good(environment: str) -> None:
    assert validation.violations(in_environment(environment), ENGINES["kustomize"].validators) == ()


def test_its_rules_routes_and_dashboard_are_among_what_is_validated() -> None:
    where = in_environment("production")
    tests = [*beside(where, "*.test.yml"), *beside(where, "*.routes.yml")]
    assert [Path(file).name for file in tests] == [
        "flowmart.rules.test.yml",
        "services.rules.test.yml",
        "alerts.routes.yml",
    ]
    found = objects(where, "grafana_dashboard", "ConfigMap")
    assert [sorted(manifest["data"]) for _, manifest in found] == [["delivery_dashboard.json"]]
