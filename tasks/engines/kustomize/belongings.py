"""Collects the objects of a unit: those that its release declares, its receipts list, or its neighbours declare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from tasks.cluster.access import Cluster
from tasks.cluster.objects import Reference
from tasks.cluster.placement import placed, placed_manifests
from tasks.domain.release import Baseline, Receipt
from tasks.engines.base import Workspace
from tasks.engines.kustomize import plans
from tasks.engines.kustomize.owners import Ownership
from tasks.engines.kustomize.rehearsing import Objects
from tasks.engines.kustomize.rendering import objects_of


def declared(cluster: Cluster, workspace: Workspace) -> Objects:
    """Return the unit's objects, under references that say where they live in the cluster."""
    objects = objects_of(workspace)
    return placed_manifests(cluster, objects, objects.values())


def ownership(
    cluster: Cluster, workspace: Workspace, listed: Mapping[Reference, str], good: Receipt | None
) -> Ownership:
    """Collect what decides about owners.

    Args:
        cluster: the cluster, as the identity that reads.
        workspace: the unit's workspace.
        listed: the objects that the unit is known to have applied.
        good: the receipt of the release that counts as applied.
    """
    others = [unit for unit in workspace.neighbours() if unit.engine == "kustomize"]
    # Each unit renders its neighbours in a different order, so that units planned at the same time share the work.
    for unit in sorted(others, key=lambda unit: crc32(f"{workspace.unit.name} {unit.name}".encode())):
        objects_of(workspace, unit.source)
    theirs = {unit.name: objects_of(workspace, unit.source) for unit in others}
    coming = {about: manifest for objects in theirs.values() for about, manifest in objects.items()}
    elsewhere = {about: name for name, objects in theirs.items() for about in objects}
    return Ownership(
        mark(workspace),
        workspace.platform,
        listed=placed(cluster, listed),
        elsewhere=placed(cluster, elsewhere, coming.values()),
        coming=placed_manifests(cluster, coming, coming.values()),
        tenants={
            str(unit.inputs.get("namespace")): unit.name for unit in workspace.neighbours() if unit.engine == "helm"
        },
        ran=placed(cluster, plans.jobs(_recorded(good))),
    )


def listed(workspace: Workspace) -> Mapping[Reference, str]:
    """Return the objects that the unit's current receipt lists, with their UIDs."""
    return plans.recorded(_recorded(workspace.receipt))


def _recorded(receipt: Receipt | None) -> Sequence[Mapping[str, Any]]:
    return receipt.outputs.get("objects", ()) if receipt else ()


def existing(baseline: Baseline | None) -> frozenset[Reference]:
    """Return the objects that existed before our first apply."""
    return frozenset(plans.recorded(baseline.data.get("objects", ()))) if baseline else frozenset()


def mark(workspace: Workspace) -> str:
    """Return the mark of the unit, "platform/environment/unit"."""
    return f"{workspace.platform}/{workspace.target.environment}/{workspace.target.unit}"
