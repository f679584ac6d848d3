"""Compares the cluster with what a revision declares, using the server's own view of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.cluster import comparison, evidence, parallel, reading
from tasks.cluster.access import Cluster
from tasks.cluster.errors import NotPermitted
from tasks.cluster.ignoring import Ignoring
from tasks.cluster.objects import Manifest, Reference, sent
from tasks.cluster.placement import placed_manifests
from tasks.cluster.reading import Read
from tasks.cluster.rehearsal import rehearse
from tasks.domain.plan import Action, Change
from tasks.domain.release import Receipt
from tasks.engines.helm.answers import Installed
from tasks.engines.helm.charts import Installation


@dataclass(frozen=True)
class Compared:
    """How live objects differ from their manifests, and notes on what was ignored."""

    changes: tuple[Change, ...] = ()
    ignored: tuple[str, ...] = ()


def compared(cluster: Cluster, declared: Mapping[Reference, Manifest], ignoring: Ignoring) -> Compared:
    """Compare live objects with their manifests.

    The server computes what it would make of a manifest, so defaults and values that it drops are not differences.
    A missing Job that the cluster removes once it has ended is none either. Where the identity may not rehearse a
    kind, the fields that the manifest sets are compared here, which is less exact. Charts may give a namespace to
    objects that live in none.

    Args:
        cluster: the cluster to compare with.
        declared: the manifests.
        ignoring: the fields that the unit ignores.
    """
    placed = {about: sent(manifest) for about, manifest in placed_manifests(cluster, declared).items()}
    read = reading.Reader(cluster, placed).read
    found = parallel.each(lambda about: _compared(cluster, about, placed[about], ignoring, read), placed)
    changes = tuple(change for change, _ in found if change is not None)
    pairs = {about: (placed[about], live) for about, (_, live) in zip(placed, found, strict=True)}
    return Compared(changes, tuple(ignoring.notes(pairs)))


def moved(what: Installation, receipt: Receipt, live: Installed | None) -> tuple[Change, ...]:
    """Return the change of the release itself if somebody else used helm on it, else nothing.

    Args:
        what: the release.
        receipt: the receipt, which names the revision that we applied.
        live: the installed revision; None if the release is not installed.
    """
    then, now = receipt.outputs.get("revision"), live.revision if live else None
    if then == now:
        return ()
    address = f"Release/{what.namespace}/{what.release}"
    action = Action.DELETE if live is None else Action.UPDATE
    after = {"revision": now, "status": live.status} if live else None
    return (Change(address, "helm/Release", action, {"revision": then, "status": "deployed"}, after),)


def _compared(
    cluster: Cluster, about: Reference, manifest: Manifest, ignoring: Ignoring, read: Read
) -> tuple[Change | None, Manifest | None]:
    """Compare one object; returns its change, if any, and the live object, if it exists."""
    try:
        found = rehearse(cluster, about, lambda live: ignoring.sent(about, manifest, live), force=True, read=read)
    except NotPermitted:
        live = cluster.read(about)
        gone = live is None and evidence.ends(manifest)
        return None if gone else comparison.drifted(about, manifest, live, ignoring), live
    if found.live is None:
        return None if evidence.ends(manifest) else comparison.change(about, manifest, None), None
    becomes = found.becomes or found.sent
    change = comparison.change_of_ours(about, found.live, becomes, cluster.manager, ignoring)
    return change.reversed if change else None, found.live
