"""FlowMart's access to a cluster gives what was seen to be used, and no more.

`python -m tests.cluster_rights` records what is used. Who may get, list or watch objects sees the same of them, so
one of these verbs that is used explains the others, except for Secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tasks.engines.kustomize.sources import rendered
from tasks.processes import Processes
from tests.cluster_rights.recorded import MONITORING, SERVICES, rights
from tests.peers.tools import tool
from tests.platforms import monitored

ACCESS = Path(__file__).parents[2] / "infrastructure/kubernetes/access"
ROLES = {"plan": "flowmart-plan", "apply": "flowmart-deployer"}
NOT_OURS = frozenset(
    {
        ("flowmart", "/secrets", "patch"),
        ("flowmart", "/secrets", "watch"),
        ("flowmart-monitoring", "/secrets", "watch"),
    }
)
"""Rights that charts with a Secret in them need and no record has.

FlowMart's own charts have none, and Helm watches a Secret only if it is not ready at the first look.
"""
READING = ("get", "list", "watch")

Right = tuple[str, str, str]
"""Where, "group/resource", verb."""


def used(purpose: str) -> set[Right]:
    return {
        (place, resource, verb)
        for recorded in (SERVICES, MONITORING)
        for place, resources in json.loads(recorded.read_text())[purpose].items()
        for resource, verbs in resources.items()
        for verb in verbs
    }


@cache
def manifests() -> list[dict[str, Any]]:
    return [dict(each) for each in rendered(tool("kubectl"), ACCESS, Processes()).values()]


def granted(purpose: str) -> set[Right]:
    roles = [
        m for m in manifests() if m["metadata"]["name"] == ROLES[purpose] and m["kind"] in ("Role", "ClusterRole")
    ]
    return {right for role in roles for right in _rights(role)}


def _rights(role: dict[str, Any]) -> Iterator[Right]:
    for rule in role["rules"]:
        places = (
            [role["metadata"]["namespace"]] if role["kind"] == "Role" else rule.get("resourceNames") or ["cluster"]
        )
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield from ((place, f"{group}/{resource}", verb) for place in places for verb in rule["verbs"])


def allowed(right: Right, given: set[Right]) -> bool:
    """What may be done without a name may be done with any."""
    return right in given or ("cluster", *right[1:]) in given


@pytest.mark.parametrize("purpose", sorted(ROLES))
def test_the_access_gives_all_that_is_used(purpose: str) -> None:
    given = granted(purpose)
    assert sorted(right for right in used(purpose) if not allowed(right, given)) == []


@pytest.mark.parametrize("purpose", sorted(ROLES))
def test_the_access_gives_nothing_that_is_not_used(purpose: str) -> None:
    explained = {each for right in used(purpose) for each in _explained(right)}
    assert sorted(granted(purpose) - explained - NOT_OURS) == []


def _explained(used: Right) -> Iterator[Right]:
    place, resource, verb = used
    yield used
    if verb in READING and resource != "/secrets":
        yield from ((place, resource, each) for each in READING)


def test_what_monitoring_uses_was_recorded_with_the_version_of_the_chart_that_it_has() -> None:
    assert json.loads(MONITORING.read_text())["version"] == monitored.version()


def test_what_was_recorded_is_told_by_account_place_and_kind() -> None:
    lines = [
        json.dumps(["flowmart-plan", "get", "apps", "deployments", "flowmart", ""]),
        json.dumps(["flowmart-plan", "patch", "apps", "deployments", "flowmart", ""]),
        json.dumps(["flowmart-plan", "patch", "apps", "deployments", "elsewhere", ""]),
        json.dumps(["flowmart-deployer", "get", "", "namespaces", "", "flowmart"]),
        json.dumps(["administrator", "get", "", "nodes", "", ""]),
    ]
    assert rights(lines, ("flowmart",)) == {
        "plan": {"flowmart": {"apps/deployments": ["get", "patch"]}},
        "apply": {"flowmart": {"/namespaces": ["get"]}},
    }
