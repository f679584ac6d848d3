"""What a run may apply, as a person approved it or as the gate lets it go by itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.domain.plan import Plan


@dataclass(frozen=True)
class Approved:
    """What may be applied: plans by digest, and units to be planned again, with what these may take away.

    `by_itself`: no person approved it, so what is unknown or forgotten counts as taken away too; but not what is
    unknown of a unit in `new`, of which nothing was applied before.
    """

    digests: frozenset[str]
    again: Mapping[str, frozenset[str]]
    by_itself: bool = False
    new: frozenset[str] = frozenset()

    def covers(self, plan: Plan) -> bool:
        """Whether a plan is one of those, or takes nothing away that its unit may not."""
        unit = plan.target.unit
        return plan.digest in self.digests or (unit in self.again and not self.uncovered(plan))

    def uncovered(self, plan: Plan) -> frozenset[str]:
        """What a plan takes away that its unit may not."""
        unit, taken = plan.target.unit, plan.risks if self.by_itself else plan.removed
        if unit in self.new:
            taken -= {*plan.unknown}
        return taken - self.again.get(unit, frozenset())
