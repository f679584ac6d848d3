"""Asking the cluster whether it would take what a chart renders to: helm's own dry run sends nothing to it.

Each helm is rehearsed as it works: helm 4 applies server-side under its own name, which takes away the fields that a
chart drops; helm 3 patches changed objects with what differs between the two revisions. So immutable fields, schemas,
quotas and admission refuse at plan what they would refuse in the middle of an upgrade.
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
    """Rehearse every object that is another one than before.

    Args:
        server_side: whether this helm applies server-side.
        brought: custom resource definitions that come with the chart: their objects cannot be asked about yet.

    Returns:
        The objects that could not be rehearsed, and the warnings of the cluster and of what it had no right to ask.

    Raises:
        Refused: the cluster refuses an object, or knows no such kind or namespace.
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
    """What the cluster says to an object: as a patch where it is known from what, else as an apply."""
    after = _sendable(sent(manifest))
    found = cluster.rehearse_merge(about, merge_patch(sent(before), after)) if before else None
    return found or cluster.apply(about, after, force=True, rehearse=True, manager=MANAGER)


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What leads from one mapping to the other, as a JSON merge patch."""
    gone = dict.fromkeys(key for key in before if key not in after)
    changed = {key: value for key, value in after.items() if key not in before or before[key] != value}
    return {**gone, **{key: _merged(before.get(key), value) for key, value in changed.items()}}


def _merged(before: Any, after: Any) -> Any:
    both = isinstance(before, Mapping) and isinstance(after, Mapping)
    return merge_patch(before, after) if both else after


def _sendable(manifest: Any) -> Any:
    """Without the values that nobody knows yet: the rest can be asked about."""
    if isinstance(manifest, Mapping):
        return {key: _sendable(value) for key, value in manifest.items() if value != UNKNOWN}
    return [_sendable(item) for item in manifest if item != UNKNOWN] if isinstance(manifest, list) else manifest


def _require_known(cluster: Cluster, about: Reference, coming: Iterable[Reference]) -> None:
    """Refuse what can neither be rehearsed nor come to be: no such kind, or no such namespace."""
    if cluster.knows(about):
        if Reference("v1", "Namespace", "", about.namespace) not in coming:
            raise Refused(f"{about}: cluster {cluster.name} has no namespace {about.namespace}; create it first")
    elif not any(other.kind == "CustomResourceDefinition" for other in coming):
        raise Refused(cluster.why_unknown(about))
