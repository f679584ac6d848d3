"""What a unit's objects are in the cluster, what they would become, and which of them are to go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tasks.cluster import comparison, parallel, quotas, reading
from tasks.cluster.access import Cluster
from tasks.cluster.errors import Immutable
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
from tasks.cluster.placement import DEFINITION, defined
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
    """The objects of a unit: as they are, as they would be, and what goes.

    Attributes:
        ignoring: what the unit leaves to others; it knows under which name the platform applies.
        declared: the manifests of the release.
        rehearsals: each wanted object before and after.
        gone: live objects to remove.
        notes: what a person should know before.
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
        """The objects in whose place new ones come, with their UIDs."""
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
        """What this was found on."""
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
    """Look at every wanted object, rehearse its apply, and find what of the unit's objects is to go.

    Args:
        force: take fields from whoever owns them.
        may_replace: whether an object may be deleted and made anew, where the cluster lets no field be changed.
        ignoring: what the unit leaves to others.

    Raises:
        Refused: the cluster refuses a manifest, an object belongs to somebody else, two units list it, or a quota has
            no room for all that is new.
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
    """What is there of a unit's objects, against their manifests. Objects that other units have now are left out."""

    def marked_alike(about: Reference) -> Prepare:
        return lambda live: marked_as(ignoring.sent(about, wanted[about], live), live)

    found = _forced(cluster, wanted, marked_alike)
    mine = {about: one for about, one in found.items() if owner_of(one.live) in ("", unit)}
    return Survey(ignoring, wanted, mine)


def compare_exactly(cluster: Cluster, sent: Objects, ignoring: Ignoring) -> Survey:
    """What is there, against manifests that were to be applied just so, marks included."""

    def unaltered(about: Reference) -> Prepare:
        return lambda live: ignoring.sent(about, sent[about], live)

    return Survey(ignoring, sent, _forced(cluster, sent, unaltered))


def basis(wanted: Objects, live: Mapping[Reference, Manifest | None], ignoring: Ignoring) -> str:
    """Changes when a field that we own or set is changed, or an object is another one; not with anything else."""
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
    """Definitions first: what objects of their kinds may look like depends on whether they change."""
    found: dict[Reference, Rehearsal] = {}
    read = reading.Reader(cluster, wanted).read

    def ask(about: Reference) -> Rehearsal:
        prepare = _marking(about, wanted[about], whose, force, ignoring)
        changing = (about.group, about.kind) in _changing(found)
        try:
            asked = _asked(cluster, about, prepare, read, force=force, changing=changing)
        except Immutable as error:
            if not may_replace(about):
                raise Refused(f"{error}; {_HOW_TO_REPLACE.format(kind=about.kind)}") from error
            asked = rehearse_anew(cluster, about, _marking(about, wanted[about], whose, force, NOTHING))
        return _known(cluster, about, asked, wanted, whose)

    for stage in (True, False):
        chosen = [about for about in wanted if (about.kind == DEFINITION) is stage]
        found |= zip(chosen, parallel.each(ask, chosen), strict=True)
    return {about: found[about] for about in wanted}


def _asked(
    cluster: Cluster, about: Reference, prepare: Prepare, read: Read, *, force: bool, changing: bool
) -> Rehearsal:
    """A rehearsal. Where the kind is `changing`, what is refused by its definition of today may be right tomorrow."""
    try:
        return rehearse(cluster, about, prepare, force=force, read=read)
    except Refused as error:
        if not changing or isinstance(error, Immutable):
            raise
        live = cluster.read(about)
        return Rehearsal(prepare(live), live, None)


def _changing(rehearsals: Mapping[Reference, Rehearsal]) -> set[tuple[str, str]]:
    """Group and kind of what the definitions among the objects bring or change."""
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
    """The manifest with our mark, given the live object; refused where that is not ours to take."""

    def prepare(live: Manifest | None) -> Manifest:
        if not force:
            whose.require_free(about, live)
        adopted = live is not None and (ADOPTED in annotated(live) or not whose.covers(about, live))
        return marked(ignoring.sent(about, manifest, live), whose.unit, adopted=adopted)

    return prepare


def _known(cluster: Cluster, about: Reference, found: Rehearsal, wanted: Objects, whose: Ownership) -> Rehearsal:
    """What could not be rehearsed is refused, unless its kind or its namespace comes with this release."""
    if found.becomes is not None:
        return found
    coming = {**whose.coming, **wanted}
    if not cluster.knows(about):
        if (about.group, about.kind) not in defined(coming.values()):
            raise Refused(cluster.why_unknown(about))
    elif found.live is None and Reference("v1", "Namespace", "", about.namespace) not in coming:
        raise Refused(f"{about}: cluster {cluster.name} has no namespace {about.namespace}; create it first")
    return found


def _leaving(rehearsals: Mapping[Reference, Rehearsal]) -> list[Reference]:
    return [about for about, found in rehearsals.items() if found.leaving]
