"""What a plan says of the fields that a unit ignores.

helm sends whatever a chart renders. So an ignored field is no drift and causes no upgrade, but an upgrade for another
reason sets it: the plan says to what.
"""

from __future__ import annotations

from collections.abc import Iterator

from tasks.cluster import comparison
from tasks.cluster.access import Cluster
from tasks.cluster.ignoring import Ignoring
from tasks.cluster.objects import Manifest, Reference, sent
from tasks.cluster.placement import placed_manifests
from tasks.domain import wording
from tasks.domain.wording import Difference
from tasks.engines.helm.rendering import Objects


def notes(cluster: Cluster, objects: Objects, ignoring: Ignoring, *, upgrading: bool) -> list[str]:
    """What is ignored of a release's objects and why, and what helm sets all the same.

    Args:
        upgrading: whether there is something to install or upgrade.
    """
    if not ignoring.rules:
        return []
    placed = {about: sent(manifest) for about, manifest in placed_manifests(cluster, objects).items()}
    pairs = {
        about: (manifest, cluster.read(about) if ignoring.covers(about) else None)
        for about, manifest in placed.items()
    }
    found = ignoring.notes(pairs)
    for about, (manifest, live) in pairs.items():
        if live is not None and upgrading:
            found += [
                f"{about}: helm sets {each.path} to {wording.short(each.before)} all the same, now it is "
                f"{wording.short(each.after)}; leave it out of the chart's values"
                for each in _overwritten(about, manifest, live, ignoring)
            ]
    return found


def _overwritten(about: Reference, manifest: Manifest, live: Manifest, ignoring: Ignoring) -> Iterator[Difference]:
    """The ignored fields in which the chart and the cluster differ."""
    every, shown = (
        comparison.drifted(about, manifest, live),
        comparison.drifted(about, manifest, live, ignoring),
    )
    told = {each.path for each in wording.differing(shown)} if shown else set()
    yield from (each for each in wording.differing(every) if each.path not in told) if every else ()
