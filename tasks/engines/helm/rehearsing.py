"""Asking the cluster whether it would take what a chart renders to: helm's own dry run sends nothing to it.

Objects that are created or changed are applied server-side as a dry run, so immutable fields, schemas, quotas and
admission refuse at plan what they would refuse in the middle of an upgrade. What is there afterwards is helm's
business and not compared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tasks.cluster.access import Cluster
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Manifest, Reference, sent
from tasks.cluster.rehearsal import Rehearsal, rehearse
from tasks.domain.errors import Refused
from tasks.domain.values import UNKNOWN
from tasks.engines.helm.rendering import Objects


def rehearsed(cluster: Cluster, before: Objects, after: Objects, brought: Objects) -> tuple[list[str], list[str]]:
    """Rehearse every object that is another one than before.

    Args:
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
            found = _asked(cluster, about, with_dropped(_sendable(sent(manifest)), before.get(about)))
        except NotPermitted as error:
            notes.append(f"{about} was not rehearsed: {error}")
            continue
        if found.becomes is None:
            _require_known(cluster, about, {**after, **brought})
            unknown.append(str(about))
        notes += found.warnings
    return unknown, notes


def _asked(cluster: Cluster, about: Reference, wanted: Manifest) -> Rehearsal:
    return rehearse(cluster, about, lambda _: wanted, force=True)


def with_dropped(manifest: Manifest, before: Manifest | None) -> Manifest:
    """The manifest with a null for every field that it had before and has no more.

    helm takes such fields away. A server-side apply under another name than helm's would leave them, and the server
    would refuse combinations that never come to be (a rolling update's settings beside `type: Recreate`).
    """
    return _with_nulls(manifest, before) if before else manifest


def _with_nulls(after: Any, before: Any) -> Any:
    if not isinstance(after, Mapping) or not isinstance(before, Mapping):
        return after
    kept = {key: _with_nulls(value, before.get(key)) for key, value in after.items()}
    return {**kept, **{key: None for key in before if key not in after and key not in ("status", "stringData")}}


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
