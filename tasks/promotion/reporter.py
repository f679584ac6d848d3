"""What a run reports while it works: pages for the run history, notifications. Reports decide nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from tasks.domain.outcome import CheckResult
from tasks.domain.plan import Plan
from tasks.domain.release import Target
from tasks.domain.rules import Violation
from tasks.ledger.state import RecordedRehearsal
from tasks.promotion.approval_requests import Request

if TYPE_CHECKING:
    from tasks.promotion.environment_run import EnvironmentRun


class Reporter(Protocol):
    """Receives what happens. It must neither raise nor take long."""

    def planned(self, plan: Plan) -> None:
        """A unit was planned."""

    def unchanged(self, run: EnvironmentRun, units: Sequence[str]) -> None:
        """These units are up to date, and nothing is done to them."""

    def checked(self, target: Target, results: Sequence[CheckResult]) -> None:
        """The smoke checks of a unit ended."""

    def approval_wanted(self, request: Request, plans: Any, violations: Sequence[Violation]) -> None:
        """The plan set waits for an approval."""

    def rolled_back(self, run: EnvironmentRun, why: str, done: Mapping[str, str]) -> None:
        """Everything that a release changed was rolled back."""

    def verified(self, run: EnvironmentRun) -> None:
        """A release was verified in an environment."""

    def failed(self, run: EnvironmentRun, error: Exception) -> None:
        """A run ended without reaching its goal."""

    def returned(self, environment: str, left: str | None, to: str, actor: str) -> None:
        """A person returned an environment to an earlier release."""

    def drifted(self, report: Any) -> None:
        """A drift report was made."""

    def rehearsed(self, environment: str, rehearsal: RecordedRehearsal) -> None:
        """A rollback of an environment was rehearsed, successfully or not."""


class Silent:
    """A reporter that does nothing."""

    def planned(self, plan: Plan) -> None:
        """Do nothing."""

    def unchanged(self, run: EnvironmentRun, units: Sequence[str]) -> None:
        """Do nothing."""

    def checked(self, target: Target, results: Sequence[CheckResult]) -> None:
        """Do nothing."""

    def approval_wanted(self, request: Request, plans: Any, violations: Sequence[Violation]) -> None:
        """Do nothing."""

    def rolled_back(self, run: EnvironmentRun, why: str, done: Mapping[str, str]) -> None:
        """Do nothing."""

    def verified(self, run: EnvironmentRun) -> None:
        """Do nothing."""

    def failed(self, run: EnvironmentRun, error: Exception) -> None:
        """Do nothing."""

    def returned(self, environment: str, left: str | None, to: str, actor: str) -> None:
        """Do nothing."""

    def drifted(self, report: Any) -> None:
        """Do nothing."""

    def rehearsed(self, environment: str, rehearsal: RecordedRehearsal) -> None:
        """Do nothing."""
