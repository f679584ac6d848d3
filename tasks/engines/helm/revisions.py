"""Reads the revisions of a release from helm, and runs the commands that create a new one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import structlog

from tasks.cluster.access import Cluster
from tasks.cluster.objects import Manifest, Reference, parsed
from tasks.domain.errors import Refused, StalePlan
from tasks.domain.release import Receipt
from tasks.engines.helm import capabilities, charts, hooks, post_renderer, records
from tasks.engines.helm.answers import Installed, good_revision, installed, rendered
from tasks.engines.helm.capabilities import Capabilities
from tasks.engines.helm.charts import Installation, Packed
from tasks.engines.helm.commands import HISTORY, Helm, done
from tasks.engines.helm.errors import NotInstalled
from tasks.engines.helm.hooks import Occasion
from tasks.engines.helm.ignored import Left
from tasks.engines.helm.plans import Does, Saved
from tasks.engines.helm.rendering import Foretold, Objects, foretold, unplanned

log = structlog.get_logger("flowmart.helm")

Leaving = Callable[[Installed | None, Installed], Left]
"""Returns what is left to others when a release goes from one revision to another."""

_UNKNOWN_KIND = re.compile(r"no matches for kind|error validating data: the server could not find")
"""How helm reports a manifest whose kind is not defined in the cluster yet."""


def read(helm: Helm, release: str, namespace: str, revision: int | None = None) -> Installed | None:
    """Read a revision of a release.

    Args:
        helm: runs helm's commands.
        release: the release's name.
        namespace: the release's namespace.
        revision: the revision's number; None for the newest.

    Returns:
        The revision; None if helm has no such release or revision.
    """
    try:
        return installed(done(helm.status(release, namespace=namespace, revision=revision)), namespace)
    except NotInstalled:
        return None


def current(helm: Helm, release: str, namespace: str, *, existed: bool) -> Installed | None:
    """Read the newest revision of a release, and find out what an upgrade does with it if it is stuck.

    Args:
        helm: runs helm's commands.
        release: the release's name.
        namespace: the release's namespace.
        existed: whether the release existed before our first apply.

    Returns:
        The revision; None if helm has no such release.
    """
    live = read(helm, release, namespace)
    if live is None or not live.stuck:
        return live
    return replace(live, doomed=_way_back(helm, release, namespace, live, existed=existed) is None)


def _way_back(helm: Helm, release: str, namespace: str, live: Installed, *, existed: bool) -> int | None:
    """Return the revision to which a stuck release goes back; None if it is removed."""
    if live.status == "uninstalling":
        return None
    good = good_revision(list(done(helm.history(release, namespace=namespace))))
    return live.revision if good is None and existed else good


def recorded(helm: Helm, what: Installation, receipt: Receipt) -> Installed:
    """Return the revision that a receipt names, as helm recorded it.

    Args:
        helm: runs helm's commands.
        what: the release.
        receipt: the receipt.

    Raises:
        Refused: helm no longer has that revision.
    """
    revision = receipt.outputs.get("revision")
    found = read(helm, what.release, what.namespace, int(revision)) if revision else None
    if found is None:
        told = f"{receipt.target}: helm has no revision {revision} of {what.namespace}/{what.release} any more"
        raise Refused(f"{told} (it keeps {HISTORY}); promote the release that should be there")
    return found


def rehearsed(
    helm: Helm, cluster: Cluster, what: Installation, packed: Packed, live: Installed | None
) -> tuple[Foretold, list[str]]:
    """Render the chart twice and predict the new revision.

    Args:
        helm: runs helm's commands.
        cluster: the cluster, as the identity that reads.
        what: the release's name, namespace and values.
        packed: the chart's archive and the values files.
        live: the installed revision; None if the release is not installed.

    Returns:
        The revision as far as it can be predicted, and notes on how it was predicted.
    """
    coming = _coming(helm, cluster, what, packed, live)
    known = cache(partial(capabilities.capabilities, cluster, coming))
    one, notes = _rendered(helm, what, packed, live, coming, known)
    other, _ = _rendered(helm, what, packed, live, coming, known)
    found = foretold(one, other)
    if found.unknown:
        notes.append(f"renders differently each time, so this cannot be foretold: {', '.join(found.unknown)}")
    return found, notes


def _coming(helm: Helm, cluster: Cluster, what: Installation, packed: Packed, live: Installed | None) -> Objects:
    """Return the definitions in crds/ that helm creates before it renders the rest: those of a first install."""
    if hooks.occasion_of(live) is not Occasion.INSTALL:
        return {}
    return capabilities.missing(cluster, definitions(helm, what, packed))


def _rendered(
    helm: Helm,
    what: Installation,
    packed: Packed,
    live: Installed | None,
    coming: Objects,
    known: Callable[[], Capabilities],
    edits: Path | None = None,
) -> tuple[Installed, list[str]]:
    """Render the chart with the cluster's help, or with what is `known` of it if helm cannot ask it.

    Returns:
        The revision, and notes on how it was predicted.
    """
    given, stuck = (what.release, packed.chart, packed.values, what.namespace), bool(live and live.stuck)
    # helm does no dry run on a release that is stuck, and none that counts on what is in crds/.
    if not stuck and not coming:
        try:
            return installed(done(helm.upgrade(*given, edits=edits, dry_run=True)), what.namespace), []
        except Refused as error:
            if not _UNKNOWN_KIND.search(str(error)):
                raise
    upgrading = hooks.occasion_of(live) is Occasion.UPGRADE
    text = done(helm.rendered(*given, edits=edits, told=known(), upgrading=upgrading))
    objects = rendered(parsed(text, f"what {packed.chart.name} renders to", what.namespace))
    if stuck:
        return objects, []
    return objects, ["the chart brings kinds that the cluster does not know yet: `lookup` finds nothing in this plan"]


def definitions(helm: Helm, what: Installation, packed: Packed) -> dict[Reference, Manifest]:
    """Return the custom resource definitions in crds/ of a chart and of its enabled dependencies.

    Args:
        helm: runs helm's commands.
        what: the release.
        packed: the chart's archive and the values files.
    """
    every = charts.definitions(packed.chart)
    if len(every) == len(charts.definitions(packed.chart, nested=False)):
        return every
    try:
        text = done(helm.rendered(what.release, packed.chart, packed.values, what.namespace, definitions=True))
    except Refused:
        # The chart does not render without a cluster. It is unknown which dependencies are enabled, so return all.
        return every
    there = parsed(text, f"what {packed.chart.name} renders to", what.namespace)
    return {about: manifest for about, manifest in every.items() if about in there}


def require(helm: Helm, cluster: Cluster, saved: Saved, live: Installed | None, left: Left) -> None:
    """Render again, with the edits for what is left to others, and compare the result with the plan.

    Args:
        helm: runs helm's commands.
        cluster: the cluster, as the identity that helm acts as.
        saved: the plan.
        live: the installed revision; None if the release is not installed.
        left: what is left to others.

    Raises:
        StalePlan: objects are not as planned. The message names them.
    """
    what = Installation(saved.release, saved.namespace, {})
    packed, edits = Packed(saved.chart, tuple(saved.values)), edits_file(helm, saved, left)
    coming = _coming(helm, cluster, what, packed, live)
    now, _ = _rendered(helm, what, packed, live, coming, partial(capabilities.capabilities, cluster, coming), edits)
    others = unplanned(left.sent(saved.planned), now, saved.nameless)
    if others:
        told = f"{saved.namespace}/{saved.release}: the chart renders to something else than when it was planned"
        raise StalePlan(f"{told}: {', '.join(others)}; plan again")


def outputs(saved: Saved, live: Installed | None) -> Mapping[str, Any]:
    """Return the unit's outputs; empty if the release is not installed."""
    if live is None:
        return {}
    return {"release": saved.release, "namespace": saved.namespace, "revision": live.revision}


def change(helm: Helm, cluster: Cluster, saved: Saved, left: Left) -> None:
    """Run the one helm command that changes the cluster: uninstall, rollback or upgrade.

    Args:
        helm: runs helm's commands.
        cluster: the cluster, as the identity that writes.
        saved: the plan.
        left: what is left to others.
    """
    if saved.does is Does.REMOVE:
        done(helm.uninstall(saved.release, namespace=saved.namespace, wait=True))
    elif saved.does is Does.ROLL_BACK:
        _roll_back(helm, cluster, saved, saved.revision, left, wait=True)
    else:
        given = (saved.release, saved.chart, saved.values, saved.namespace)
        done(helm.upgrade(*given, edits=edits_file(helm, saved, left)))


def clear(
    helm: Helm, cluster: Cluster, saved: Saved, live: Installed, leaving: Leaving, *, existed: bool
) -> Installed | None:
    """Clear a release that an interrupted helm left pending, so that an upgrade can begin.

    The release goes back to its last good revision. If there is none, a first install of ours is removed. A release
    that existed before our first apply is only taken out of its pending status. A release that helm was uninstalling
    is removed.

    Args:
        helm: runs helm's commands.
        cluster: the cluster, as the identity that writes.
        saved: the plan that is being applied.
        live: the installed revision, which is stuck.
        leaving: returns what is left to others when the release goes from one revision to another.
        existed: whether the release existed before our first apply.

    Returns:
        The stuck revision, from which the upgrade goes on; None if the release was removed.
    """
    good = _way_back(helm, saved.release, saved.namespace, live, existed=existed)
    log.warning("release is stuck", release=saved.release, status=live.status, back_to=good)
    if good is None:
        done(helm.uninstall(saved.release, namespace=saved.namespace, wait=True))
        return None
    # Don't wait: the old revision may not get ready now, and the upgrade that follows is meant to fix that.
    recorded = read(helm, saved.release, saved.namespace, good)
    _roll_back(helm, cluster, saved, good, leaving(live, recorded or live), wait=False)
    return live


def _roll_back(helm: Helm, cluster: Cluster, saved: Saved, revision: int, left: Left, *, wait: bool) -> None:
    """Roll back to a revision; its record is edited meanwhile if some fields are left to others."""

    def edit(manifest: str) -> str:
        return post_renderer.rewritten(manifest, saved.namespace, left.edits)

    release, namespace = saved.release, saved.namespace
    with records.edited(cluster, release, namespace, revision, edit) if left.edits else nullcontext():
        done(helm.rollback(release, revision, namespace=namespace, wait=wait))


def edits_file(helm: Helm, saved: Saved, left: Left) -> Path | None:
    """Write the post-renderer's edits to a file that only the owner can read, since it may hold secrets.

    Returns:
        The file; None if there are no edits.
    """
    if not left.edits:
        return None
    file = helm.folder / "edits.json"
    file.touch(mode=0o600)
    file.write_text(post_renderer.saved(saved.namespace, left.edits))
    return file
