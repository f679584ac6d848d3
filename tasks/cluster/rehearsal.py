"""What an object would become: a server-side apply that the cluster only rehearses, against what was read.

The server fills in defaults, drops empty values and runs admission, so nothing of that is a difference. Controllers
write at any time: an answer that is about another revision of the object than was read is asked for again, or their
writing would look like a change of ours.
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
"""Characters of a name to which more can be added: some kinds take no more than 52."""


@dataclass(frozen=True)
class Rehearsal:
    """An object before and after.

    Attributes:
        sent: the manifest that was rehearsed.
        live: the object as it is; None when there is none, or when it is being deleted.
        becomes: the object as it would be; None when that cannot be rehearsed, since the cluster has no such kind or
            no such namespace (yet).
        leaving: whether an object of that name is being deleted.
        replaced: whether only a new object can become that, in the place of the one that is there.
        warnings: what the cluster warned of, with the object's name.
    """

    sent: Manifest
    live: Manifest | None
    becomes: Manifest | None
    leaving: bool = False
    replaced: bool = False
    warnings: tuple[str, ...] = ()


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
        prepare: the manifest to apply, given the live object.
        force: take fields from whoever owns them; without it `Refused` names the owners.
        read: reads the object; by itself if nothing else is said.

    Raises:
        Refused: the cluster refuses the manifest.
        Unanswered: the cluster does not answer.
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
    """Rehearse an object that takes the place of the one that is there: as a new one, under a name that is free.

    Who has rights by names may not do that: then it is not rehearsed.

    Args:
        prepare: the manifest to apply, given the live object.

    Raises:
        Refused: the cluster refuses the manifest.
        Unanswered: the cluster does not answer.
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
    """Empty where there is no object."""
    return str(item["metadata"].get("resourceVersion", "")) if item else ""
