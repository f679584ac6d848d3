"""Whose an object is: it is changed only by the unit that owns it, and removed only by that unit, and only while no
other unit of the environment lists it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.ownership import ADOPTED, REMOVAL, annotated, is_managed, owner_of
from tasks.domain.errors import Refused


@dataclass(frozen=True)
class Ownership:
    """What a unit needs to know of owners.

    Attributes:
        unit: the mark of the unit itself, "platform/environment/unit".
        manager: the name under which the platform applies.
        listed: what it is known to have applied, with UIDs where they were recorded.
        elsewhere: what other units of the environment list in this release, with their names.
        coming: the manifests of those.
        preexisting: what existed before our first apply; None while going forward, where what a release drops is
            removed, wherever it came from.
    """

    unit: str
    manager: str
    listed: Mapping[Reference, str] = field(default_factory=dict)
    elsewhere: Mapping[Reference, str] = field(default_factory=dict)
    coming: Mapping[Reference, Manifest] = field(default_factory=dict)
    preexisting: frozenset[Reference] | None = None

    def covers(self, about: Reference, live: Manifest) -> bool:
        """Whether the live object is the unit's: its mark says so, or it has none and we recorded it."""
        if owner := owner_of(live):
            return owner == self.unit
        uid = self.listed.get(about)
        return uid is not None and (uid == live["metadata"].get("uid") or is_managed(live, self.manager))

    def require_free(self, about: Reference, live: Manifest | None) -> None:
        """Refuse to change an object of another owner. What another unit no longer lists is handed over."""
        if about in self.elsewhere:
            raise Refused(f"{about}: unit {self.elsewhere[about]} lists it too; take it out of one of them")
        owner = owner_of(live)
        handed_over = owner.rpartition("/")[0] == self.unit.rpartition("/")[0]
        if owner and not handed_over:
            raise Refused(f"{about} belongs to {owner}; remove it there first, or give it another name here")

    def why_it_stays(self, about: Reference, live: Manifest) -> str | None:
        """Why an object that the release drops is not removed; empty when nobody has to know; None: it goes."""
        if about in self.elsewhere:
            return f"unit {self.elsewhere[about]} lists it now"
        if not self.covers(about, live):
            return ""
        if annotated(live).get(REMOVAL) == "keep":
            return f"it says {REMOVAL}: keep"
        return "it existed before" if self._existed(about, live) else None

    def _existed(self, about: Reference, live: Manifest) -> bool:
        """Whether a rollback has to leave the object, since no apply of ours created it."""
        if self.preexisting is None:
            return False
        return about in self.preexisting or ADOPTED in annotated(live)
