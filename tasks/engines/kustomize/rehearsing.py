"""Rehearses the objects of a unit, and tells rejections from what cannot be known before the apply."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace

from tasks.cluster import comparison, parallel, reading
from tasks.cluster.access import Cluster
from tasks.cluster.errors import Conflicting, Immutable, Lacking
from tasks.cluster.ignoring import NOTHING, Ignoring
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.ownership import ADOPTED, annotated, marked
from tasks.cluster.placement import DEFINITION, defined, why_not_served
from tasks.cluster.reading import Read
from tasks.cluster.rehearsal import Rehearsal, rehearse, rehearse_anew
from tasks.domain.errors import Refused
from tasks.engines.kustomize.owners import Ownership

_HOW_TO_TAKE = "or take them: once by `flowmart reconcile`, always by kustomize: {{take_over: [{managers}]}}"
_HOW_TO_REPLACE = "give it another name, or let the unit replace it: kustomize: {{replace: [{kind}]}}"

Objects = Mapping[Reference, Manifest]
Prepare = Callable[[Manifest | None], Manifest]
Kind = tuple[str, str]
"""A group and a kind of it."""


def rehearsed(
    cluster: Cluster,
    wanted: Objects,
    whose: Ownership,
    *,
    force: bool,
    may_replace: Callable[[Reference], bool],
    may_take: Callable[[str], bool],
    ignoring: Ignoring,
) -> dict[Reference, Rehearsal]:
    """Rehearse all objects, definitions first: whether they change decides how objects of their kinds are judged.

    Args:
        cluster: the cluster, as the identity that reads.
        wanted: the manifests to rehearse.
        whose: what decides about owners.
        force: whether to take fields from other owners.
        may_replace: tells whether an object may be deleted and created again if a field cannot be changed.
        may_take: tells whether fields may be taken over from a manager.
        ignoring: the fields that the unit leaves to others.

    Raises:
        Refused: the cluster rejects a manifest, an object has another owner, or two units list it.
    """
    found: dict[Reference, Rehearsal] = {}
    read, coming = reading.Reader(cluster, wanted).read, {**whose.coming, **wanted}
    definitions = defined(coming.values())
    changing: set[Kind] = set()

    def ask(about: Reference) -> Rehearsal:
        prepare, kind = _marking(about, wanted[about], whose, force, ignoring), (about.group, about.kind)
        if told := why_not_served(about, definitions.get(kind, {})):
            raise Refused(told)
        try:
            one = _taking(cluster, about, prepare, read, may_take, force=force)
        except Immutable as error:
            if not may_replace(about):
                raise Refused(f"{error}; {_HOW_TO_REPLACE.format(kind=about.kind)}") from error
            return rehearse_anew(cluster, about, _marking(about, wanted[about], whose, force, NOTHING))
        except Refused as error:
            # It may be accepted later: once its definition has changed, or something else of the release is there.
            if kind not in changing and not (isinstance(error, Lacking) and error.comes_with(coming)):
                raise
            live = cluster.read(about)
            return Rehearsal(prepare(live), live, None)
        return _known(cluster, about, one, coming, definitions)

    for stage in (True, False):
        chosen = [about for about in wanted if (about.kind == DEFINITION) is stage]
        found |= zip(chosen, parallel.each(ask, chosen), strict=True)
        changing = _changing(found)
    return {about: found[about] for about in wanted}


def forced(cluster: Cluster, wanted: Objects, prepare: Callable[[Reference], Prepare]) -> dict[Reference, Rehearsal]:
    """Rehearse all objects of a unit, whoever owns them or their fields.

    Args:
        cluster: the cluster, as the identity that reads.
        wanted: the manifests.
        prepare: returns what to send for an object.
    """
    read = reading.Reader(cluster, wanted).read

    def ask(about: Reference) -> Rehearsal:
        try:
            return rehearse(cluster, about, prepare(about), force=True, read=read)
        except Immutable:
            return rehearse_anew(cluster, about, prepare(about))

    return dict(zip(wanted, parallel.each(ask, wanted), strict=True))


def _taking(
    cluster: Cluster, about: Reference, prepare: Prepare, read: Read, may_take: Callable[[str], bool], *, force: bool
) -> Rehearsal:
    """Rehearse an object; if managers own its fields from which the unit may take them over, take them."""
    try:
        return rehearse(cluster, about, prepare, force=force, read=read)
    except Conflicting as error:
        managers = sorted(error.managers)
        if not all(map(may_take, managers)):
            raise Refused(f"{error}; {_HOW_TO_TAKE.format(managers=', '.join(managers))}") from error
        return replace(rehearse(cluster, about, prepare, force=True), taken=tuple(managers))


def _changing(rehearsals: Mapping[Reference, Rehearsal]) -> set[Kind]:
    """Return group and kind of what the definitions among the objects create or change."""
    found = {about: one for about, one in rehearsals.items() if about.kind == DEFINITION}
    changed = [
        one.sent for about, one in found.items() if comparison.change(about, one.live, one.becomes or one.sent)
    ]
    return set(defined(changed))


def _marking(about: Reference, manifest: Manifest, whose: Ownership, force: bool, ignoring: Ignoring) -> Prepare:
    """Return a function that marks the manifest for a live object; without `force` it rejects other owners."""

    def prepare(live: Manifest | None) -> Manifest:
        if not force:
            whose.require_free(about, live)
        adopted = live is not None and (ADOPTED in annotated(live) or not whose.covers(about, live))
        return marked(ignoring.sent(about, manifest, live), whose.unit, adopted=adopted)

    return prepare


def _known(
    cluster: Cluster, about: Reference, found: Rehearsal, coming: Objects, definitions: Container[Kind]
) -> Rehearsal:
    """Reject an object that could not be rehearsed, unless its kind or its namespace comes with this release."""
    if found.becomes is not None:
        return found
    if not cluster.knows(about):
        if (about.group, about.kind) not in definitions:
            raise Refused(cluster.why_unknown(about))
    elif found.live is None and Reference("v1", "Namespace", "", about.namespace) not in coming:
        raise Refused(f"{about}: cluster {cluster.name} has no namespace {about.namespace}; create it first")
    return found
