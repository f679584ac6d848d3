"""What a unit's objects are in the cluster, what they would become, and which of them are to go.

Whose an object is decides: it is changed only by the unit that owns it, and removed only by that unit, and only while
no other unit of the environment lists it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tasks.cluster import comparison
from tasks.cluster.access import Cluster
from tasks.cluster.objects import Manifest, Reference, ordered, shown
from tasks.cluster.ownership import (
    ADOPTED,
    annotated,
    is_managed,
    is_terminating,
    marked,
    marked_as,
    owned_fields,
    owner_of,
    without_autoscaled,
)
from tasks.cluster.rehearsal import Rehearsal, rehearse
from tasks.domain.errors import Refused
from tasks.domain.plan import Change
from tasks.domain.values import digest_of

REMOVAL = "flowmart.example/removal"

Objects = Mapping[Reference, Manifest]


@dataclass(frozen=True)
class Ownership:
    """What a unit needs to know of owners.

    Attributes:
        unit: the mark of the unit itself, "platform/environment/unit".
        listed: what it is known to have applied, with UIDs where they were recorded.
        elsewhere: what other units of the environment list in this release, with their names.
        preexisting: what existed before our first apply; None while going forward, where what a release drops is
            removed, wherever it came from.
    """

    unit: str
    listed: Mapping[Reference, str] = field(default_factory=dict)
    elsewhere: Mapping[Reference, str] = field(default_factory=dict)
    preexisting: frozenset[Reference] | None = None

    def covers(self, about: Reference, live: Manifest) -> bool:
        """Whether the live object is the unit's: its mark says so, or it has none and we recorded it."""
        if owner := owner_of(live):
            return owner == self.unit
        uid = self.listed.get(about)
        return uid is not None and (uid == live["metadata"].get("uid") or is_managed(live))

    def existed(self, about: Reference, live: Manifest) -> bool:
        """Whether a rollback has to leave the object, since no apply of ours created it."""
        if self.preexisting is None:
            return False
        return about in self.preexisting or ADOPTED in annotated(live)


@dataclass(frozen=True)
class Survey:
    """The objects of a unit: as they are, as they would be, and what goes.

    Attributes:
        rehearsals: each wanted object before and after.
        gone: live objects to remove.
        notes: what a person should know before.
    """

    rehearsals: Mapping[Reference, Rehearsal]
    gone: Objects = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> Objects:
        """The manifests to apply."""
        return {about: found.sent for about, found in self.rehearsals.items()}

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
        return basis(self.wanted, {**self.gone, **{about: found.live for about, found in self.rehearsals.items()}})

    def _change(self, about: Reference) -> Change | None:
        if about in self.gone:
            return comparison.change_of_ours(about, self.gone[about], None)
        found = self.rehearsals[about]
        return comparison.change_of_ours(about, found.live, found.becomes or found.sent)


def survey(cluster: Cluster, wanted: Objects, whose: Ownership, *, force: bool) -> Survey:
    """Look at every wanted object, rehearse its apply, and find what of the unit's objects is to go.

    Raises:
        Refused: the cluster refuses a manifest, an object belongs to somebody else, or two units list it.
    """
    rehearsals = {}
    for about, manifest in wanted.items():
        prepare = _marking(about, manifest, whose, force)
        rehearsals[about] = _known(cluster, about, rehearse(cluster, about, prepare, force=force), wanted, whose)
    leaving = tuple(f"{about} is being deleted: it is created anew once it is gone" for about in _leaving(rehearsals))
    left = {about: live for about in whose.listed if about not in wanted and (live := _present(cluster, about))}
    stays = {about: why for about, live in left.items() if (why := _why_it_stays(about, live, whose)) is not None}
    gone = {about: live for about, live in left.items() if about not in stays}
    return Survey(rehearsals, gone, (*leaving, *(f"{about} stays: {why}" for about, why in stays.items() if why)))


def compare(cluster: Cluster, wanted: Objects, unit: str) -> Survey:
    """What is there of a unit's objects, against their manifests. Objects that other units have now are left out."""
    found = {about: rehearse(cluster, about, _as_marked(manifest), force=True) for about, manifest in wanted.items()}
    return Survey({about: one for about, one in found.items() if owner_of(one.live) in ("", unit)})


def compare_exactly(cluster: Cluster, sent: Objects) -> Survey:
    """What is there, against manifests that were to be applied just so, marks included."""
    found = {about: rehearse(cluster, about, _unaltered(manifest), force=True) for about, manifest in sent.items()}
    return Survey(found)


def basis(wanted: Objects, live: Mapping[Reference, Manifest | None]) -> str:
    """Changes when a field that we own or set is changed, or an object is another one; not with anything else."""
    return digest_of({f"{about.group} {about}": _state(wanted.get(about), found) for about, found in live.items()})


def _state(manifest: Manifest | None, live: Manifest | None) -> object:
    if live is None or is_terminating(live):
        return None
    ours = without_autoscaled(manifest, live) if manifest else {}
    return [live["metadata"].get("uid"), comparison.as_declared(shown(ours), shown(live)), owned_fields(live)]


def _marking(
    about: Reference, manifest: Manifest, whose: Ownership, force: bool
) -> Callable[[Manifest | None], Manifest]:
    """The manifest with our mark, given the live object; refused where that is not ours to take."""

    def prepare(live: Manifest | None) -> Manifest:
        if not force:
            _require_free(about, live, whose)
        adopted = live is not None and (ADOPTED in annotated(live) or not whose.covers(about, live))
        return marked(manifest, whose.unit, adopted=adopted)

    return prepare


def _as_marked(manifest: Manifest) -> Callable[[Manifest | None], Manifest]:
    return lambda live: marked_as(manifest, live)


def _unaltered(manifest: Manifest) -> Callable[[Manifest | None], Manifest]:
    return lambda _: manifest


def _require_free(about: Reference, live: Manifest | None, whose: Ownership) -> None:
    """An object has one owner. One that another unit of the environment no longer lists is handed over."""
    if about in whose.elsewhere:
        raise Refused(f"{about}: unit {whose.elsewhere[about]} lists it too; take it out of one of them")
    owner = owner_of(live)
    handed_over = owner.rpartition("/")[0] == whose.unit.rpartition("/")[0]
    if owner and not handed_over:
        raise Refused(f"{about} belongs to {owner}; remove it there first, or give it another name here")


def _known(cluster: Cluster, about: Reference, found: Rehearsal, wanted: Objects, whose: Ownership) -> Rehearsal:
    """What could not be rehearsed is refused, unless its kind or its namespace comes with this release."""
    if found.becomes is not None:
        return found
    coming = {*wanted, *whose.elsewhere}
    if not cluster.knows(about):
        if (about.group, about.kind) not in _defined(wanted):
            raise Refused(f"{about}: cluster {cluster.name} knows no {about.type}; install what defines it first")
    elif Reference("v1", "Namespace", "", about.namespace) not in coming:
        raise Refused(f"{about}: cluster {cluster.name} has no namespace {about.namespace}; create it first")
    return found


def _defined(wanted: Objects) -> set[tuple[str, str]]:
    """Group and kind of what the custom resource definitions among the objects bring."""
    definitions = (m["spec"] for about, m in wanted.items() if about.kind == "CustomResourceDefinition")
    return {(spec["group"], spec["names"]["kind"]) for spec in definitions}


def _leaving(rehearsals: Mapping[Reference, Rehearsal]) -> list[Reference]:
    return [about for about, found in rehearsals.items() if found.leaving]


def _present(cluster: Cluster, about: Reference) -> Manifest | None:
    live = cluster.read(about)
    return None if is_terminating(live) else live


def _why_it_stays(about: Reference, live: Manifest, whose: Ownership) -> str | None:
    """Why an object that the release drops is not removed; empty when that is nobody's concern; None: it goes."""
    if about in whose.elsewhere:
        return f"unit {whose.elsewhere[about]} lists it now"
    if not whose.covers(about, live):
        return ""
    if annotated(live).get(REMOVAL) == "keep":
        return f"it says {REMOVAL}: keep"
    return "it existed before" if whose.existed(about, live) else None
