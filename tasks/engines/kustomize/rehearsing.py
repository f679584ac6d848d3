"""Rehearses the objects of a unit, and tells rejections from what cannot be known before the apply."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.cluster import comparison, foretelling, parallel, reading
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
    coming = {**whose.coming, **wanted}
    read, definitions = reading.Reader(cluster, wanted).read, defined(coming.values())
    asking = _Asking(cluster, wanted, whose, force, may_replace, may_take, ignoring, read, coming, definitions)
    found: dict[Reference, Rehearsal] = {}
    for stage in (True, False):
        chosen = [about for about in wanted if (about.kind == DEFINITION) is stage]
        found |= zip(chosen, parallel.each(asking.of, chosen), strict=True)
        asking.changing = _changing(found)
    return {about: found[about] for about in wanted}


@dataclass
class _Asking:
    """Rehearses the objects of a release, one at a time; the attributes are those of `rehearsed`, and more.

    Attributes:
        read: reads a live object.
        coming: the manifests of the release, those of other units included.
        definitions: the kinds that they define.
        changing: the kinds whose definitions the release changes.
    """

    cluster: Cluster
    wanted: Objects
    whose: Ownership
    force: bool
    may_replace: Callable[[Reference], bool]
    may_take: Callable[[str], bool]
    ignoring: Ignoring
    read: Read
    coming: Objects
    definitions: Mapping[Kind, Mapping[str, Any]]
    changing: set[Kind] = field(default_factory=set)

    def of(self, about: Reference) -> Rehearsal:
        """Rehearse one object."""
        if told := why_not_served(about, self.definitions.get((about.group, about.kind), {})):
            raise Refused(told)
        return foretelling.foretold(about, lambda: self._once(about), lambda found: self._changes(about, found))

    def _once(self, about: Reference) -> Rehearsal:
        try:
            found = self._taking(about)
        except Immutable as error:
            if not self.may_replace(about):
                raise Refused(f"{error}; {_HOW_TO_REPLACE.format(kind=about.kind)}") from error
            return rehearse_anew(self.cluster, about, self._prepare(about, NOTHING))
        except Refused as error:
            # It may be accepted later: once its definition has changed, or something else of the release is there.
            lacks = isinstance(error, Lacking) and error.comes_with(self.coming)
            if (about.group, about.kind) not in self.changing and not lacks:
                raise
            live = self.cluster.read(about)
            return Rehearsal(self._prepare(about, self.ignoring)(live), live, None)
        return _known(self.cluster, about, found, self.coming, self.definitions)

    def _taking(self, about: Reference) -> Rehearsal:
        """Rehearse an object, and take over its fields from managers that the unit names."""
        prepare = self._prepare(about, self.ignoring)
        try:
            return rehearse(self.cluster, about, prepare, force=self.force, read=self.read)
        except Conflicting as error:
            managers = sorted(error.managers)
            if not all(map(self.may_take, managers)):
                raise Refused(f"{error}; {_HOW_TO_TAKE.format(managers=', '.join(managers))}") from error
            return replace(rehearse(self.cluster, about, prepare, force=True), taken=tuple(managers))

    def _changes(self, about: Reference, found: Rehearsal) -> bool:
        us = self.ignoring.us
        return comparison.change_of_ours(about, found.live, found.becomes, us, self.ignoring) is not None

    def _prepare(self, about: Reference, ignoring: Ignoring) -> Prepare:
        """Return a function that marks the manifest for a live object; without `force` it rejects other owners."""
        manifest, whose = self.wanted[about], self.whose

        def prepare(live: Manifest | None) -> Manifest:
            if not self.force:
                whose.require_free(about, live)
            adopted = live is not None and (ADOPTED in annotated(live) or not whose.covers(about, live))
            return marked(ignoring.sent(about, manifest, live), whose.unit, adopted=adopted)

        return prepare


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


def _changing(rehearsals: Mapping[Reference, Rehearsal]) -> set[Kind]:
    """Return group and kind of what the definitions among the objects create or change."""
    found = {about: one for about, one in rehearsals.items() if about.kind == DEFINITION}
    changed = [
        one.sent for about, one in found.items() if comparison.change(about, one.live, one.becomes or one.sent)
    ]
    return set(defined(changed))


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
