"""What was recorded: the files, and how they are written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from deployments.sandbox import kubernetes

_GOLDEN = Path(__file__).parents[1] / "golden"
SERVICES = _GOLDEN / "used_rights.json"
MONITORING = _GOLDEN / "used_rights_of_monitoring.json"
USERS = {kubernetes.PLAN: "plan", kubernetes.DEPLOYER: "apply"}
NAMESPACES = ("flowmart", "flowmart-logging")
OF_MONITORING = "flowmart-monitoring"

Rights = dict[str, dict[str, dict[str, list[str]]]]
"""{account: {place: {"group/resource": verbs}}}; a place is a namespace, an object without one, or "cluster"."""


def write(lines: Iterable[str]) -> None:
    """What the services' units use."""
    SERVICES.write_text(_text(rights(lines, NAMESPACES)))


def write_of_monitoring(version: str, lines: Iterable[str]) -> None:
    """What the monitoring's units use in their own namespace and without one, with that version of the chart."""
    MONITORING.write_text(_text({"version": version, **rights(lines, (OF_MONITORING,))}))


def rights(lines: Iterable[str], namespaces: Collection[str]) -> Rights:
    """What was used there, and where there is no namespace."""
    found: dict[str, dict[str, dict[str, set[str]]]] = {}
    for user, verb, group, resource, namespace, name in map(json.loads, lines):
        if user in USERS and (namespace in namespaces or not namespace):
            place = namespace or name or "cluster"
            about = found.setdefault(USERS[user], {}).setdefault(place, {})
            about.setdefault(f"{group}/{resource}", set()).add(verb)
    return {
        account: {place: {kind: sorted(verbs) for kind, verbs in about.items()} for place, about in places.items()}
        for account, places in found.items()
    }


def _text(content: object) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"
