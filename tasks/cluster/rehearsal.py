"""Rehearses a server-side apply, to find what an object would become compared with what was read.

The server fills in defaults, drops empty values and runs admission, so none of these is a difference. Controllers
write at any time. If the response is about another revision of the object than was read, both are repeated. Otherwise
a controller's write would look like a change of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tasks.cluster.access import Cluster, Written
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.ownership import is_terminating, without_autoscaled

_ATTEMPTS = 5
_LONGEST_NAME = 40
"""How many characters of a name are kept before a suffix is added. Some kinds accept no more than 52."""


@dataclass(frozen=True)
class Rehearsal:
    """An object before and after.

    Attributes:
        sent: the manifest that was rehearsed.
        live: the live object; None if it does not exist or is being deleted.
        becomes: what it would become; None if that cannot be rehearsed, because the kind or namespace does not exist
            (yet).
        leaving: whether an object of that name is being deleted.
        replaced: whether only a new object can become that, in place of the live one.
        warnings: the cluster's warnings, with the object's name.
        taken: the managers from which it takes fields over.
    """

    sent: Manifest
    live: Manifest | None
    becomes: Manifest | None
    leaving: bool = False
    replaced: bool = False
    warnings: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()


def rehearse(
    cluster: Cluster,
    about: Reference,
    prepare: Callable[[Manifest | None], Manifest],
    *,
    force: bool,
    read: Callable[[Reference], dict[str, Any] | None] | None = None,
) -> Rehearsal:
    """Read an object and rehearse an apply.

    Args:
        cluster: the cluster, as the identity that reads.
        about: the object.
        prepare: returns the manifest to apply, given the live object.
        force: take fields from other owners. Without it `Refused` names them.
        read: reads the object; by default `cluster.read`.

    Raises:
        Refused: the cluster rejects the manifest.
        Unanswered: the cluster does not respond.
    """
    for _ in range(_ATTEMPTS):
        found = (read or cluster.read)(about)
        leaving = is_terminating(found)
        live = None if leaving else found
        sent = without_autoscaled(prepare(live), live)
        written = cluster.apply(about, sent, force=force or leaving, rehearse=True)
        if leaving or written is None or _revision(live) == _revision(written.object):
            break
    if written is None:
        return Rehearsal(sent, live, None, leaving)
    return Rehearsal(sent, live, written.object, leaving, warnings=_warnings(about, written))


def rehearse_anew(cluster: Cluster, about: Reference, prepare: Callable[[Manifest | None], Manifest]) -> Rehearsal:
    """Rehearse the replacement of an object, by creating it under a name that is free.

    An identity whose rights are limited to names may not do that. Then the object is not rehearsed.

    Args:
        cluster: the cluster, as the identity that reads.
        about: the object.
        prepare: returns the manifest to apply, given the live object.

    Raises:
        Refused: the cluster rejects the manifest.
        Unanswered: the cluster does not respond.
    """
    live = cluster.read(about)
    sent = prepare(live)
    free = Reference(about.api_version, about.kind, about.namespace, f"{about.name[:_LONGEST_NAME]}-anew")
    try:
        written = cluster.apply(free, _called(sent, free.name), force=True, rehearse=True)
    except NotPermitted:
        written = None
    if written is None:
        return Rehearsal(sent, live, None, replaced=True)
    becomes = _called(written.object, about.name)
    return Rehearsal(sent, live, becomes, replaced=True, warnings=_warnings(about, written))


def _called(manifest: Manifest, name: str) -> Manifest:
    return {**manifest, "metadata": {**manifest["metadata"], "name": name}}


def _warnings(about: Reference, written: Written) -> tuple[str, ...]:
    return tuple(f"{about}: {text}" for text in written.warnings)


def _revision(item: Manifest | None) -> str:
    """Return the object's resourceVersion; empty if there is no object."""
    return str(item["metadata"].get("resourceVersion", "")) if item else ""
