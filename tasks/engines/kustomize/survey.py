"""Surveys a unit's objects: as they are in the cluster, what they would become, and which are to be removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tasks.cluster import comparison, parallel, quotas, reading
from tasks.cluster.access import Cluster
from tasks.cluster.errors import Immutable, Lacking
from tasks.cluster.ignoring import NOTHING, Ignoring
from tasks.cluster.objects import Manifest, Reference, ordered, shown
from tasks.cluster.ownership import (
    ADOPTED,
    annotated,
    is_terminating,
    marked,
    marked_as,
    owner_of,
    without_autoscaled,
)
from tasks.cluster.placement import DEFINITION, defined, why_not_served
from tasks.cluster.reading import Read
from tasks.cluster.rehearsal import Rehearsal, rehearse, rehearse_anew
from tasks.domain.errors import Refused
from tasks.domain.plan import Action, Change
from tasks.domain.values import digest_of
from tasks.engines.kustomize.owners import Ownership

_HOW_TO_REPLACE = "give it another name, or let the unit replace it: kustomize: {{replace: [{kind}]}}"

Objects = Mapping[Reference, Manifest]
Prepare = Callable[[Manifest | None], Manifest]


@dataclass(frozen=True)
class Survey:
    """The objects of a unit: as they are, as they would become, and those to remove.

    Attributes:
        ignoring: the fields that the unit leaves to others, and the name under which the platform applies.
        declared: the manifests of the release.
        rehearsals: each wanted object before and after.
        gone: live objects to remove.
        notes: warnings for the operator.
    """

    ignoring: Ignoring
    declared: Objects
    rehearsals: Mapping[Reference, Rehearsal]
    gone: Objects = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> Objects:
        """The manifests to apply."""
        return {about: found.sent for about, found in self.rehearsals.items()}

    @property
    def replaced(self) -> Mapping[Reference, str]:
        """The objects that are replaced by new ones, with their UIDs."""
        found = {about: one.live for about, one in self.rehearsals.items() if one.replaced and one.live}
        return {about: str(live["metadata"].get("uid", "")) for about, live in found.items()}

    @property
    def changes(self) -> tuple[Change, ...]:
        """What applying would change."""
        found = (self._change(about) for about in ordered({**self.rehearsals, **self.gone}))
        return tuple(change for change in found if change is not None)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The objects that could not be rehearsed."""
        return tuple(str(about) for about, found in self.rehearsals.items() if found.becomes is None)

    @property
    def basis(self) -> str:
        """The digest of the state that the survey is based on."""
        live = {**self.gone, **{about: found.live for about, found in self.rehearsals.items()}}
        return basis(self.wanted, live, self.ignoring)

    @property
    def ignored(self) -> list[str]:
        """What was ignored, and why."""
        return self.ignoring.notes(
            {about: (self.declared[about], found.live) for about, found in self.rehearsals.items()}
        )

    def _change(self, about: Reference) -> Change | None:
        if about in self.gone:
            return comparison.change_of_ours(about, self.gone[about], None, self.ignoring.us)
        found = self.rehearsals[about]
        becomes = found.becomes or found.sent
        change = comparison.change_of_ours(about, found.live, becomes, self.ignoring.us, self.ignoring)
        return replace(change, action=Action.REPLACE) if change and found.replaced and found.live else change


def survey(
    cluster: Cluster,
    wanted: Objects,
    whose: Ownership,
    *,
    force: bool,
    may_replace: Callable[[Reference], bool] = lambda _: False,
    ignoring: Ignoring,
) -> Survey:
    """Read every wanted object, rehearse its apply, and find which of the unit's objects are to be removed.

    Args:
        cluster: the cluster, as the identity that reads.
        wanted: the manifests of the release.
        whose: what decides about owners.
        force: whether to take fields from other owners.
        may_replace: tells whether an object may be deleted and created again if a field cannot be changed.
        ignoring: the fields that the unit leaves to others.

    Raises:
        Refused: the cluster rejects a manifest, an object has another owner, two units list it, or a quota has no
            room for the new objects.
    """
    rehearsals = _rehearsed(cluster, wanted, whose, force=force, may_replace=may_replace, ignoring=ignoring)
    created = {about: found.sent for about, found in rehearsals.items() if found.live is None}
    short = quotas.exceeded(cluster, created, wanted)
    if short:
        raise Refused("; ".join(short))
    leaving = [f"{about} is being deleted: it is created anew once it is gone" for about in _leaving(rehearsals)]
    warnings = [text for found in rehearsals.values() for text in found.warnings]
    unwanted = reading.read_all(cluster, [about for about in whose.listed if about not in wanted])
    left = {about: live for about, live in unwanted.items() if live and not is_terminating(live)}
    stays = {about: why for about, live in left.items() if (why := whose.why_it_stays(about, live)) is not None}
    kept = [f"{about} stays: {why}" for about, why in stays.items() if why]
    gone = {about: live for about, live in left.items() if about not in stays}
    return Survey(ignoring, wanted, rehearsals, gone, (*leaving, *warnings, *kept))


def compare(cluster: Cluster, wanted: Objects, unit: str, ignoring: Ignoring) -> Survey:
    """Compare a unit's live objects with their manifests. Objects that other units own now are left out.

    Args:
        cluster: the cluster, as the identity that reads.
        wanted: the manifests of the release.
        unit: the mark of the unit, "platform/environment/unit".
        ignoring: the fields that the unit leaves to others.
    """

    def marked_alike(about: Reference) -> Prepare:
        return lambda live: marked_as(ignoring.sent(about, wanted[about], live), live)

    found = _forced(cluster, wanted, marked_alike)
    mine = {about: one for about, one in found.items() if owner_of(one.live) in ("", unit)}
    return Survey(ignoring, wanted, mine)


def compare_exactly(cluster: Cluster, sent: Objects, ignoring: Ignoring) -> Survey:
    """Compare the live objects with manifests exactly as they were planned to be sent, marks included.

    Args:
        cluster: the cluster, as the identity that reads.
        sent: the manifests of the plan.
        ignoring: the fields that the unit leaves to others.
    """

    def unaltered(about: Reference) -> Prepare:
        return lambda live: ignoring.sent(about, sent[about], live)

    return Survey(ignoring, sent, _forced(cluster, sent, unaltered))


def basis(wanted: Objects, live: Mapping[Reference, Manifest | None], ignoring: Ignoring) -> str:
    """Return a digest that changes only if an object is replaced, or a field that we own or set changes.

    Args:
        wanted: the manifests to apply.
        live: the live objects, wanted or not; None for those that do not exist.
        ignoring: the fields that the unit leaves to others.
    """
    return digest_of(
        {f"{about.group} {about}": _state(about, wanted.get(about), found, ignoring) for about, found in live.items()}
    )


def _rehearsed(
    cluster: Cluster,
    wanted: Objects,
    whose: Ownership,
    *,
    force: bool,
    may_replace: Callable[[Reference], bool],
    ignoring: Ignoring,
) -> dict[Reference, Rehearsal]:
    """Rehearse all objects, definitions first: whether they change decides how objects of their kinds are judged."""
    found: dict[Reference, Rehearsal] = {}
    read, coming = reading.Reader(cluster, wanted).read, {**whose.coming, **wanted}
    definitions = defined(coming.values())

    def ask(about: Reference) -> Rehearsal:
        prepare = _marking(about, wanted[about], whose, force, ignoring)
        if told := why_not_served(about, definitions.get((about.group, about.kind), {})):
            raise Refused(told)
        changing = (about.group, about.kind) in _changing(found)
        try:
            return _asked(cluster, about, prepare, read, force=force, changing=changing, coming=coming)
        except Immutable as error:
            if not may_replace(about):
                raise Refused(f"{error}; {_HOW_TO_REPLACE.format(kind=about.kind)}") from error
            return rehearse_anew(cluster, about, _marking(about, wanted[about], whose, force, NOTHING))

    for stage in (True, False):
        chosen = [about for about in wanted if (about.kind == DEFINITION) is stage]
        found |= zip(chosen, parallel.each(ask, chosen), strict=True)
    return {about: found[about] for about in wanted}


def _asked(
    cluster: Cluster,
    about: Reference,
    prepare: Prepare,
    read: Read,
    *,
    force: bool,
    changing: bool,
    coming: Objects,
) -> Rehearsal:
    """Rehearse one object. A rejection counts as unknown if the object may be valid later.

    That is so if its definition is `changing`, or if it needs one of the objects that are `coming`.
    """
    try:
        found = rehearse(cluster, about, prepare, force=force, read=read)
    except Refused as error:
        lacks = isinstance(error, Lacking) and error.comes_with(coming)
        if not (changing or lacks) or isinstance(error, Immutable):
            raise
        live = cluster.read(about)
        return Rehearsal(prepare(live), live, None)
    return _known(cluster, about, found, coming)


def _changing(rehearsals: Mapping[Reference, Rehearsal]) -> set[tuple[str, str]]:
    """Return group and kind of what the definitions among the objects create or change."""
    found = {about: one for about, one in rehearsals.items() if about.kind == DEFINITION}
    changed = [
        one.sent for about, one in found.items() if comparison.change(about, one.live, one.becomes or one.sent)
    ]
    return set(defined(changed))


def _forced(cluster: Cluster, wanted: Objects, prepare: Callable[[Reference], Prepare]) -> dict[Reference, Rehearsal]:
    read = reading.Reader(cluster, wanted).read

    def ask(about: Reference) -> Rehearsal:
        try:
            return rehearse(cluster, about, prepare(about), force=True, read=read)
        except Immutable:
            return rehearse_anew(cluster, about, prepare(about))

    return dict(zip(wanted, parallel.each(ask, wanted), strict=True))


def _state(about: Reference, manifest: Manifest | None, live: Manifest | None, ignoring: Ignoring) -> object:
    if live is None or is_terminating(live):
        return None
    ours = ignoring.cut(about, without_autoscaled(manifest, live), live) if manifest else {}
    return [
        live["metadata"].get("uid"),
        comparison.as_declared(shown(ours), shown(live)),
        ignoring.owned(about, live),
    ]


def _marking(about: Reference, manifest: Manifest, whose: Ownership, force: bool, ignoring: Ignoring) -> Prepare:
    """Return a function that marks the manifest for a live object; without `force` it rejects other owners."""

    def prepare(live: Manifest | None) -> Manifest:
        if not force:
            whose.require_free(about, live)
        adopted = live is not None and (ADOPTED in annotated(live) or not whose.covers(about, live))
        return marked(ignoring.sent(about, manifest, live), whose.unit, adopted=adopted)

    return prepare


def _known(cluster: Cluster, about: Reference, found: Rehearsal, coming: Objects) -> Rehearsal:
    """Reject an object that could not be rehearsed, unless its kind or its namespace comes with this release."""
    if found.becomes is not None:
        return found
    if not cluster.knows(about):
        if (about.group, about.kind) not in defined(coming.values()):
            raise Refused(cluster.why_unknown(about))
    elif found.live is None and Reference("v1", "Namespace", "", about.namespace) not in coming:
        raise Refused(f"{about}: cluster {cluster.name} has no namespace {about.namespace}; create it first")
    return found


def _leaving(rehearsals: Mapping[Reference, Rehearsal]) -> list[Reference]:
    return [about for about, found in rehearsals.items() if found.leaving]
