"""The report on a release in an environment: each unit's plan, or why there is none, and the findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.domain import wording
from tasks.domain.outcome import Outcome, overall
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.rules import Violation


@dataclass(frozen=True)
class UnitReport:
    """One unit. `why`: why there is no plan, or what went wrong; `plan`: None if the unit was not planned."""

    unit: str
    outcome: Outcome
    plan: Plan | None = None
    findings: tuple[Violation, ...] = ()
    why: str = ""

    @property
    def denials(self) -> tuple[Violation, ...]:
        """Return the findings that stop the unit."""
        return tuple(finding for finding in self.findings if finding.denied)

    def changes(self, action: Action) -> Sequence[Change]:
        """Return the changes with one action."""
        return [change for change in self.plan.changes if change.action is action] if self.plan else []


@dataclass(frozen=True)
class EnvironmentReport:
    """One environment: `units` are those that are affected. `why`: what went wrong with it as a whole.

    `gate` says whether the plans would wait for an approval, and why; empty if some could not be made. `log` is the
    page with the log lines of exactly this run, or the command that shows them; empty outside of a run. `rehearsal`
    is what is known of a rehearsed rollback from this release; empty if none is rehearsed.
    """

    environment: str
    units: tuple[UnitReport, ...] = ()
    why: str = ""
    failed: Outcome = Outcome.SUCCEEDED
    gate: str = ""
    log: str = ""
    rehearsal: str = ""

    @property
    def outcome(self) -> Outcome:
        """Return the overall outcome of the environment and its units."""
        return overall([self.failed, *(unit.outcome for unit in self.units)])

    def count(self, action: Action) -> int:
        """Return the number of changes with one action in all units."""
        return sum(len(unit.changes(action)) for unit in self.units)

    @property
    def unknown(self) -> int:
        """Return how many changes could not be planned in all units."""
        return sum(len(unit.plan.unknown) for unit in self.units if unit.plan)

    @property
    def summary(self) -> str:
        """Return a short summary: "2 to create, 1 to delete; denied: database"."""
        plans = [unit.plan for unit in self.units if unit.plan]
        counts = {action.value: self.count(action) for action in Action}
        counted = wording.summed(counts, any(plan.changes_outputs for plan in plans), self.unknown)
        parts = [counted if self.units else "nothing to change", *self._wrong()]
        return "; ".join(parts) if not self.why else self.why

    def _wrong(self) -> list[str]:
        denied = [unit.unit for unit in self.units if unit.denials]
        failed = [unit.unit for unit in self.units if unit.outcome is Outcome.FAILED and not unit.denials]
        silent = [unit.unit for unit in self.units if unit.outcome is Outcome.UNANSWERED]
        named = {"denied": denied, "failed": failed, "no answer": silent}
        return [f"{what}: {', '.join(units)}" for what, units in named.items() if units]
