"""What a run reports while it works: pages for the run history, notifications. None of it decides anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from tasks.domain.outcome import CheckResult
from tasks.domain.plan import Plan
from tasks.domain.release import Target
from tasks.domain.rules import Violation
from tasks.ledger.state import RecordedRehearsal
from tasks.promotion.approvals import Request

if TYPE_CHECKING:
    from tasks.promotion.environment_run import EnvironmentRun


class Reporter(Protocol):
    """Receives what happens. It must neither raise nor take long."""

    def planned(self, plan: Plan) -> None:
        """A unit was planned."""

    def unchanged(self, run: EnvironmentRun, units: Sequence[str]) -> None:
        """These units are up to date, and nothing is done to them."""

    def checked(self, target: Target, results: Sequence[CheckResult]) -> None:
        """A unit's smoke checks ended."""

    def approval_wanted(self, request: Request, plans: Any, violations: Sequence[Violation]) -> None:
        """The plan set waits for an approval."""

    def rolled_back(self, run: EnvironmentRun, why: str, done: Mapping[str, str]) -> None:
        """Everything that a release changed was rolled back."""

    def verified(self, run: EnvironmentRun) -> None:
        """A release was verified in an environment."""

    def failed(self, run: EnvironmentRun, error: Exception) -> None:
        """A run ended without having done what it was for."""

    def returned(self, environment: str, left: str | None, to: str, actor: str) -> None:
        """Somebody returned an environment to an earlier release."""

    def drifted(self, report: Any) -> None:
        """A drift report was made."""

    def rehearsed(self, environment: str, rehearsal: RecordedRehearsal) -> None:
        """A rollback of an environment was rehearsed, or failed to be."""


class Silent:
    """Tells nobody."""

    def planned(self, plan: Plan) -> None:
        """Nothing."""

    def unchanged(self, run: EnvironmentRun, units: Sequence[str]) -> None:
        """Nothing."""

    def checked(self, target: Target, results: Sequence[CheckResult]) -> None:
        """Nothing."""

    def approval_wanted(self, request: Request, plans: Any, violations: Sequence[Violation]) -> None:
        """Nothing."""

    def rolled_back(self, run: EnvironmentRun, why: str, done: Mapping[str, str]) -> None:
        """Nothing."""

    def verified(self, run: EnvironmentRun) -> None:
        """Nothing."""

    def failed(self, run: EnvironmentRun, error: Exception) -> None:
        """Nothing."""

    def returned(self, environment: str, left: str | None, to: str, actor: str) -> None:
        """Nothing."""

    def drifted(self, report: Any) -> None:
        """Nothing."""

    def rehearsed(self, environment: str, rehearsal: RecordedRehearsal) -> None:
        """Nothing."""
