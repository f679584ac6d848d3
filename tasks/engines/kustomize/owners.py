"""Decides who owns an object.

Only the unit that owns an object changes it. Only that unit removes it, and only while no other unit of the
environment lists it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.ownership import ADOPTED, REMOVAL, annotated, is_managed, owner_of
from tasks.cluster.placement import defined
from tasks.domain.errors import Refused


@dataclass(frozen=True)
class Ownership:
    """What a unit needs to know to decide about owners.

    Attributes:
        unit: the mark of the unit itself, "platform/environment/unit".
        manager: the field manager under which the platform applies.
        listed: the objects that the unit is known to have applied, with UIDs if they were recorded.
        elsewhere: the objects that other units of the environment list in this release, with their units' names.
        coming: the manifests of those objects.
        ran: the Jobs that the unit is known to have run, and that the cluster removes once they have ended: the
            digests of their manifests, and their UIDs.
        tenants: the namespaces into which other units of the environment install, with the units' names.
        preexisting: the objects that existed before our first apply, for a rollback. None for a promotion, which
            removes what a release drops wherever it came from.
    """

    unit: str
    manager: str
    listed: Mapping[Reference, str] = field(default_factory=dict)
    elsewhere: Mapping[Reference, str] = field(default_factory=dict)
    coming: Mapping[Reference, Manifest] = field(default_factory=dict)
    ran: Mapping[Reference, tuple[str, str]] = field(default_factory=dict)
    tenants: Mapping[str, str] = field(default_factory=dict)
    preexisting: frozenset[Reference] | None = None

    def covers(self, about: Reference, live: Manifest) -> bool:
        """Tell whether the unit owns the live object: by its mark or, if it has none, because we recorded it."""
        if owner := owner_of(live):
            return owner == self.unit
        uid = self.listed.get(about)
        return uid is not None and (uid == live["metadata"].get("uid") or is_managed(live, self.manager))

    def require_free(self, about: Reference, live: Manifest | None) -> None:
        """Reject a change to an object of another owner. A unit may take over what another unit no longer lists.

        Args:
            about: the object.
            live: the live object; None if it does not exist.

        Raises:
            Refused: another unit lists the object, or somebody else owns it.
        """
        if about in self.elsewhere:
            raise Refused(f"{about}: unit {self.elsewhere[about]} lists it too; take it out of one of them")
        owner = owner_of(live)
        handed_over = owner.rpartition("/")[0] == self.unit.rpartition("/")[0]
        if owner and not handed_over:
            raise Refused(f"{about} belongs to {owner}; remove it there first, or give it another name here")

    def why_it_stays(self, about: Reference, live: Manifest, wanted: Mapping[Reference, Manifest]) -> str | None:
        """Explain why an object that the release drops is not removed.

        Args:
            about: the object.
            live: the live object.
            wanted: the manifests of the release.

        Returns:
            The reason; empty if the object is not ours, which needs no note; None if the object is to be removed.
        """
        if about in self.elsewhere:
            return f"unit {self.elsewhere[about]} lists it now"
        if not self.covers(about, live):
            return ""
        if annotated(live).get(REMOVAL) == "keep":
            return f"it says {REMOVAL}: keep"
        if self._existed(about, live):
            return "it existed before"
        return self._what_it_holds(about, live, {**self.coming, **wanted})

    def _what_it_holds(self, about: Reference, live: Manifest, wanted: Iterable[Reference]) -> str | None:
        """Name something of the release that would be removed with a namespace or a definition; None if nothing."""
        if (about.group, about.kind) == ("", "Namespace"):
            held = next((str(each) for each in wanted if each.namespace == about.name), None)
            tenant = self.tenants.get(about.name)
            held = held or (f"unit {tenant}" if tenant else None)
            return f"{held} lives in it" if held else None
        kinds = defined([live])
        held = next((str(each) for each in wanted if (each.group, each.kind) in kinds), None)
        return f"{held} is of its kind" if held else None

    def _existed(self, about: Reference, live: Manifest) -> bool:
        """Tell whether a rollback has to leave the object, because no apply of ours created it."""
        if self.preexisting is None:
            return False
        return about in self.preexisting or ADOPTED in annotated(live)
