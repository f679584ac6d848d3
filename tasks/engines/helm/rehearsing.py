"""Asks the cluster whether it would accept what a chart renders to. Helm's own dry run sends nothing to it.

The rehearsal works as the helm in use does. Helm 4 applies server-side under its own name, which removes the fields
that a chart drops. Helm 3 patches changed objects with the difference between the two revisions. So immutable fields,
schemas, quotas and admission reject at plan time what they would otherwise reject in the middle of an upgrade.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tasks.cluster.access import Cluster, Written
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Manifest, Reference, sent
from tasks.domain.errors import Refused
from tasks.domain.values import UNKNOWN
from tasks.engines.helm.options import MANAGER
from tasks.engines.helm.rendering import Objects


def rehearsed(
    cluster: Cluster, before: Objects, after: Objects, brought: Objects, *, server_side: bool
) -> tuple[list[str], list[str]]:
    """Rehearse every object that differs from the installed revision.

    Args:
        cluster: the cluster, as the identity that reads.
        before: the objects of the installed revision.
        after: the objects of the new revision.
        brought: custom resource definitions that come with the chart. Their objects cannot be rehearsed yet.
        server_side: whether this helm applies server-side.

    Returns:
        The objects that could not be rehearsed; and the cluster's warnings with what this identity may not rehearse.

    Raises:
        Refused: the cluster rejects an object, or does not have its kind or namespace.
    """
    unknown, notes = [], []
    for about, manifest in after.items():
        if before.get(about) == manifest:
            continue
        try:
            found = _asked(cluster, about, None if server_side else before.get(about), manifest)
        except NotPermitted as error:
            notes.append(f"{about} was not rehearsed: {error}")
            continue
        if found is None:
            _require_known(cluster, about, {**after, **brought})
            unknown.append(str(about))
        else:
            notes += [f"{about}: {text}" for text in found.warnings]
    return unknown, notes


def _asked(cluster: Cluster, about: Reference, before: Manifest | None, manifest: Manifest) -> Written | None:
    """Rehearse one object as a merge patch from its earlier manifest; if that is not possible, as an apply."""
    after = _sendable(sent(manifest))
    found = cluster.rehearse_merge(about, merge_patch(sent(before), after)) if before else None
    return found or cluster.apply(about, after, force=True, rehearse=True, manager=MANAGER)


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON merge patch (RFC 7386) that turns `before` into `after`."""
    gone = dict.fromkeys(key for key in before if key not in after)
    changed = {key: value for key, value in after.items() if key not in before or before[key] != value}
    return {**gone, **{key: _merged(before.get(key), value) for key, value in changed.items()}}


def _merged(before: Any, after: Any) -> Any:
    both = isinstance(before, Mapping) and isinstance(after, Mapping)
    return merge_patch(before, after) if both else after


def _sendable(manifest: Any) -> Any:
    """Remove the values that are not known yet, so that the rest can be rehearsed."""
    if isinstance(manifest, Mapping):
        return {key: _sendable(value) for key, value in manifest.items() if value != UNKNOWN}
    return [_sendable(item) for item in manifest if item != UNKNOWN] if isinstance(manifest, list) else manifest


def _require_known(cluster: Cluster, about: Reference, coming: Iterable[Reference]) -> None:
    """Reject an object that cannot be rehearsed and whose kind or namespace does not come with the release."""
    if cluster.knows(about):
        if Reference("v1", "Namespace", "", about.namespace) not in coming:
            raise Refused(f"{about}: cluster {cluster.name} has no namespace {about.namespace}; create it first")
    elif not any(other.kind == "CustomResourceDefinition" for other in coming):
        raise Refused(cluster.why_unknown(about))
