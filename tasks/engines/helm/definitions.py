"""Compares the custom resource definitions in a chart's crds/ with the cluster.

helm creates missing ones with a first install. It never changes or removes one, and an upgrade does not even create
them (https://helm.sh/docs/chart_best_practices/custom_resource_definitions/). So a plan reports where the cluster
differs from the chart.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasks.cluster import comparison
from tasks.cluster.access import Cluster
from tasks.cluster.comparison import change
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Manifest, Reference
from tasks.domain.plan import Change
from tasks.engines.helm.rendering import Objects


@dataclass(frozen=True)
class Definitions:
    """What becomes of a chart's definitions.

    Attributes:
        created: the changes that a first install makes.
        coming: the definitions that helm creates before it installs the rest, as far as could be read.
        left: the definitions that helm neither creates nor changes.
        notes: notes for the operator.
    """

    created: tuple[Change, ...]
    coming: Objects
    left: Objects
    notes: tuple[str, ...]


def compared(cluster: Cluster, wanted: Objects, *, first: bool) -> Definitions:
    """Compare the definitions of a chart with those of the cluster.

    Args:
        cluster: the cluster to compare with.
        wanted: the chart's definitions.
        first: whether the release is installed for the first time.
    """
    created, notes = [], []
    coming: dict[Reference, Manifest] = {}
    for about, manifest in wanted.items():
        try:
            live = cluster.read(about)
        except NotPermitted as error:
            notes.append(f"{about} in crds/ was not compared: {error}")
            coming |= {about: manifest} if first else {}
            continue
        if live is None and first:
            coming[about] = manifest
            created += [one for one in [change(about, None, manifest)] if one]
        elif told := _difference(about, manifest, live):
            notes.append(told)
    left = {about: manifest for about, manifest in wanted.items() if about not in coming}
    return Definitions(tuple(created), coming, left, tuple(notes))


def _difference(about: Reference, manifest: Manifest, live: Manifest | None) -> str:
    """Describe what helm will not do about a definition; empty if there is nothing to do."""
    if live is None:
        return f"{about} of crds/ is not in the cluster, and helm does not create it in an upgrade: apply it first"
    if comparison.drifted(about, manifest, live) is None:
        return ""
    return f"{about} differs from the chart's crds/, and helm does not change it: apply it yourself if you need it"
