"""Where the cluster differs from what a revision declares, as the server sees it."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.cluster import comparison, parallel, reading
from tasks.cluster.access import Cluster
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Manifest, Reference, sent
from tasks.cluster.placement import placed_manifests
from tasks.cluster.readiness import readiness
from tasks.cluster.reading import Read
from tasks.cluster.rehearsal import rehearse
from tasks.domain.plan import Action, Change
from tasks.domain.release import Receipt
from tasks.engines.helm.answers import Installed
from tasks.engines.helm.charts import Installation


def drifted(cluster: Cluster, declared: Mapping[Reference, Manifest]) -> tuple[Change, ...]:
    """How live objects differ from their manifests.

    The server says what it would make of a manifest, so defaults and values that it drops are no difference. Where
    the identity may not rehearse a kind, the fields that the manifest sets are compared here, which is less exact.
    Charts may give a namespace to what lives in none.
    """
    placed = placed_manifests(cluster, declared)
    read = reading.Reader(cluster, placed).read
    found = parallel.each(lambda about: _drifted(cluster, about, sent(placed[about]), read), placed)
    return tuple(change for change in found if change is not None)


def unready(cluster: Cluster, declared: Mapping[Reference, Manifest]) -> list[str]:
    """What is not ready, with the reason."""
    states = {about: readiness(live) for about, live in reading.read_all(cluster, declared).items()}
    return [f"{about}: {state.why}" for about, state in states.items() if not state.ready]


def moved(what: Installation, receipt: Receipt, live: Installed | None) -> tuple[Change, ...]:
    """The release itself, when somebody else worked on it with helm."""
    then, now = receipt.outputs.get("revision"), live.revision if live else None
    if then == now:
        return ()
    address = f"Release/{what.namespace}/{what.release}"
    action = Action.DELETE if live is None else Action.UPDATE
    after = {"revision": now, "status": live.status} if live else None
    return (Change(address, "helm/Release", action, {"revision": then, "status": "deployed"}, after),)


def _drifted(cluster: Cluster, about: Reference, manifest: Manifest, read: Read) -> Change | None:
    try:
        found = rehearse(cluster, about, lambda _: manifest, force=True, read=read)
    except NotPermitted:
        return comparison.drifted(about, manifest, cluster.read(about))
    if found.live is None:
        return comparison.change(about, manifest, None)
    change = comparison.change_of_ours(about, found.live, found.becomes or found.sent, cluster.manager)
    return change.reversed if change else None
