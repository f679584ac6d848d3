"""What engines conclude from planning again: after an unanswered apply, and when a unit is verified. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.domain.outcome import Observation, Outcome, Progress, Verification
from tasks.domain.plan import Plan


def observed(planned: Plan, again: Plan, outputs: Mapping[str, Any]) -> Observation:
    """How far the apply of `planned` got, by a plan of the same made `again` afterwards.

    Nothing left to do: done. The same left to do, from the same basis: unchanged. Anything else: partial.
    """
    if again.empty:
        return Observation(Progress.DONE, outputs)
    if (again.basis, again.changes) == (planned.basis, planned.changes):
        return Observation(Progress.UNCHANGED)
    left = ", ".join(change.address for change in again.changes)
    return Observation(Progress.PARTIAL, detail=f"still to do: {left or 'outputs'}")


def verified(plan: Plan) -> Verification:
    """A unit is as declared when a new plan of it has no changes."""
    return Verification(Outcome.FAILED if plan.changes else Outcome.SUCCEEDED, plan.changes)
