"""Finds what a rehearsal cannot foretell: values that the server chooses anew each time, and addresses.

A dry run of a Job's replacement answers with another UID in its labels each time, and a mutating webhook may set the
time of day. If such values stayed in a plan, it would be another one each time, and no approval would hold. A dry run
allocates no address and no port, but answers with some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tasks.cluster.comparison import common
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.rehearsal import Rehearsal
from tasks.domain.values import UNKNOWN

_ATTEMPTS = 3
_ALLOCATED = ("clusterIP", "clusterIPs", "healthCheckNodePort")


def foretold(
    about: Reference, rehearse: Callable[[], Rehearsal], is_change: Callable[[Rehearsal], bool]
) -> Rehearsal:
    """Rehearse an object; if it would change, rehearse it once more and mask what differs between both.

    Args:
        about: the object.
        rehearse: rehearses it.
        is_change: tells whether a rehearsal found a change.
    """
    one = rehearse()
    for _ in range(_ATTEMPTS):
        if one.live is None or one.becomes is None or not is_change(one):
            return one
        other = rehearse()
        if _revision(one) == _revision(other):
            return replace(one, becomes=_unallocated(about, one, common(one.becomes, other.becomes)))
        one = other
    return one


def _unallocated(about: Reference, found: Rehearsal, becomes: Manifest) -> Manifest:
    """Mask the addresses and ports of a Service that it gets from the server when it is applied."""
    if (about.group, about.kind) != ("", "Service") or not becomes.get("spec"):
        return becomes
    known = [(item or {}).get("spec") or {} for item in (found.live, found.sent)]
    spec: dict[str, Any] = {
        key: UNKNOWN if key in _ALLOCATED and not any(each.get(key) for each in known) else value
        for key, value in becomes["spec"].items()
    }
    ports = [entry for each in known for entry in each.get("ports") or ()]
    kept = {_port(entry): entry["nodePort"] for entry in ports if entry.get("nodePort")}
    if spec.get("ports"):
        spec["ports"] = [_without_node_port(entry, kept) for entry in spec["ports"]]
    return {**becomes, "spec": spec}


def _without_node_port(entry: Mapping[str, Any], kept: Mapping[tuple[Any, Any], int]) -> dict[str, Any]:
    chosen = {"nodePort": UNKNOWN} if "nodePort" in entry and _port(entry) not in kept else {}
    return {**entry, **chosen}


def _port(entry: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what identifies a port of a Service."""
    return entry.get("port"), entry.get("protocol") or "TCP"


def _revision(found: Rehearsal) -> str:
    return str(found.live["metadata"].get("resourceVersion")) if found.live else ""
