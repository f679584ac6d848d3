"""Surveys a unit's objects: as they are in the cluster, what they would become, and which are to be removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tasks.cluster import comparison, evidence, quotas, reading
from tasks.cluster.access import Cluster
from tasks.cluster.ignoring import Ignoring
from tasks.cluster.objects import Manifest, Reference, ordered, shown
from tasks.cluster.ownership import (
    is_terminating,
    marked_as,
    owner_of,
    without_autoscaled,
)
from tasks.cluster.rehearsal import Rehearsal
from tasks.domain.errors import Refused
from tasks.domain.plan import Action, Change
from tasks.domain.values import digest_of
from tasks.engines.kustomize.owners import Ownership
from tasks.engines.kustomize.rehearsing import Objects, Prepare, forced, rehearsed


@dataclass(frozen=True)
class Survey:
    """The objects of a unit: as they are, as they would become, and those to remove.

    Attributes:
        ignoring: the fields that the unit leaves to others, and the name under which the platform applies.
        declared: the manifests of the release.
        rehearsals: each wanted object before and after.
        gone: live objects to remove.
        notes: warnings for the operator.
        over: Jobs of the release that have ended and were removed by the cluster, with their UIDs. They do not run
            again.
    """

    ignoring: Ignoring
    declared: Objects
    rehearsals: Mapping[Reference, Rehearsal]
    gone: Objects = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    over: Mapping[Reference, str] = field(default_factory=dict)

    @property
    def ran(self) -> Mapping[Reference, str]:
        """The digests of the manifests of Jobs that the cluster removes once they have ended."""
        return {about: digest_of(manifest) for about, manifest in self.declared.items() if evidence.ends(manifest)}

    @property
    def everything(self) -> set[Reference]:
        """The objects of the release."""
        return {*self.rehearsals, *self.over}

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
    def taken(self) -> frozenset[Reference]:
        """The objects of which fields are taken over from other managers."""
        return frozenset(about for about, found in self.rehearsals.items() if found.taken)

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
    may_take: Callable[[str], bool] = lambda _: False,
    ignoring: Ignoring,
) -> Survey:
    """Read every wanted object, rehearse its apply, and find which of the unit's objects are to be removed.

    Args:
        cluster: the cluster, as the identity that reads.
        wanted: the manifests of the release.
        whose: what decides about owners.
        force: whether to take fields from other owners.
        may_replace: tells whether an object may be deleted and created again if a field cannot be changed.
        may_take: tells whether fields may be taken over from a manager.
        ignoring: the fields that the unit leaves to others.

    Raises:
        Refused: the cluster rejects a manifest, an object has another owner, two units list it, or a quota has no
            room for the new objects.
    """
    over = _over(cluster, wanted, whose)
    declared, wanted = wanted, {about: manifest for about, manifest in wanted.items() if about not in over}
    rehearsals = rehearsed(
        cluster, wanted, whose, force=force, may_replace=may_replace, may_take=may_take, ignoring=ignoring
    )
    created = {about: found.sent for about, found in rehearsals.items() if found.live is None}
    short = quotas.exceeded(cluster, created, wanted)
    if short:
        raise Refused("; ".join(short))
    leaving = [f"{about} is being deleted: it is created anew once it is gone" for about in _leaving(rehearsals)]
    warnings = [text for found in rehearsals.values() for text in found.warnings]
    warnings += [
        f"{about}: fields that change are taken over from {', '.join(found.taken)}"
        for about, found in rehearsals.items()
        if found.taken
    ]
    unwanted = reading.read_all(cluster, [about for about in whose.listed if about not in wanted])
    left = {about: live for about, live in unwanted.items() if live and not is_terminating(live)}
    stays = {
        about: why for about, live in left.items() if (why := whose.why_it_stays(about, live, declared)) is not None
    }
    kept = [f"{about} stays: {why}" for about, why in stays.items() if why]
    ended = [f"{about} has ended and was removed by the cluster: it does not run again" for about in over]
    gone = {about: live for about, live in left.items() if about not in stays}
    return Survey(ignoring, declared, rehearsals, gone, (*leaving, *warnings, *kept, *ended), over)


def compare(cluster: Cluster, wanted: Objects, unit: str, ignoring: Ignoring) -> Survey:
    """Compare a unit's live objects with their manifests.

    Objects that other units own now are left out, and so are Jobs that the cluster removed once they had ended.

    Args:
        cluster: the cluster, as the identity that reads.
        wanted: the manifests of the release.
        unit: the mark of the unit, "platform/environment/unit".
        ignoring: the fields that the unit leaves to others.
    """

    def marked_alike(about: Reference) -> Prepare:
        return lambda live: marked_as(ignoring.sent(about, wanted[about], live), live)

    found = forced(cluster, wanted, marked_alike)
    mine = {about: one for about, one in found.items() if owner_of(one.live) in ("", unit)}
    there = {about: one for about, one in mine.items() if one.live or not evidence.ends(wanted[about])}
    return Survey(ignoring, wanted, there)


def compare_exactly(cluster: Cluster, sent: Objects, ignoring: Ignoring) -> Survey:
    """Compare the live objects with manifests exactly as they were planned to be sent, marks included.

    Args:
        cluster: the cluster, as the identity that reads.
        sent: the manifests of the plan.
        ignoring: the fields that the unit leaves to others.
    """

    def unaltered(about: Reference) -> Prepare:
        return lambda live: ignoring.sent(about, sent[about], live)

    return Survey(ignoring, sent, forced(cluster, sent, unaltered))


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


def _state(about: Reference, manifest: Manifest | None, live: Manifest | None, ignoring: Ignoring) -> object:
    if live is None or is_terminating(live):
        return None
    ours = ignoring.cut(about, without_autoscaled(manifest, live), live) if manifest else {}
    return [
        live["metadata"].get("uid"),
        comparison.as_declared(shown(ours), shown(live)),
        ignoring.owned(about, live),
    ]


def _over(cluster: Cluster, wanted: Objects, whose: Ownership) -> dict[Reference, str]:
    """Return the Jobs that ran exactly as they are wanted and were removed since, with their UIDs.

    Where a Job of that name exists, it is another one: that of a failed release, for instance.
    """
    again = [about for about in whose.ran if about in wanted and digest_of(wanted[about]) == whose.ran[about][0]]
    uids = {about: whose.ran[about][1] for about in again}
    return {
        about: uids[about] for about, live in reading.read_all(cluster, uids).items() if _uid(live) != uids[about]
    }


def _uid(live: Manifest | None) -> str:
    """Return the UID of an object; empty if it is gone or about to be."""
    return "" if live is None or is_terminating(live) else str(live["metadata"].get("uid"))


def _leaving(rehearsals: Mapping[Reference, Rehearsal]) -> list[Reference]:
    return [about for about, found in rehearsals.items() if found.leaving]
