"""What a run may apply: what a person approved, or what the gate allows without an approval. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.domain.plan import Plan


@dataclass(frozen=True)
class Approved:
    """What may be applied: plans by digest, and units to be planned again, with what each may remove.

    `by_itself`: no person approved it, so what a plan cannot determine or forgets counts as removed too. That does
    not hold for what is unknown of a unit in `new`, which was never applied before.
    """

    digests: frozenset[str]
    again: Mapping[str, frozenset[str]]
    by_itself: bool = False
    new: frozenset[str] = frozenset()

    def covers(self, plan: Plan) -> bool:
        """Tell whether the plan is one of these, or removes nothing beyond what its unit may remove."""
        unit = plan.target.unit
        return plan.digest in self.digests or (unit in self.again and not self.uncovered(plan))

    def uncovered(self, plan: Plan) -> frozenset[str]:
        """Return what a plan removes beyond what its unit may remove."""
        unit, taken = plan.target.unit, plan.risks if self.by_itself else plan.removed
        if unit in self.new:
            taken -= {*plan.unknown}
        return taken - self.again.get(unit, frozenset())
