"""Reports what a run does to the run history and to people; the only `Reporter` of the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

from tasks import manifest
from tasks.domain.errors import FlowmartError
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Environment
from tasks.domain.release import Target
from tasks.domain.rules import Violation
from tasks.drift import DriftReport
from tasks.drift.issues import issues as issues_of
from tasks.github import best_effort, issues
from tasks.github.client import connect
from tasks.ledger.state import RecordedRehearsal
from tasks.notifications import notifications
from tasks.notifications.notifications import Notification
from tasks.promotion.approval_requests import Request
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.planning import PlanSet
from tasks.reports import artifacts, log_links
from tasks.reports.artifacts import Page
from tasks.settings import Settings

Publish = Callable[[Page], None]


def unpublished(_: Page) -> None:
    """Publish nothing, because there is no run history."""


class RunReporter:
    """Sends pages to the run history, notifications to people, and drift to issues on GitHub.

    `address` is the page of the run, and `run` its id; both are empty outside of the run history.
    """

    def __init__(self, settings: Settings, publish: Publish = unpublished, address: str = "", run: str = "") -> None:
        self._settings = settings
        self._publish = publish
        self._address = address
        self._run = run

    def planned(self, plan: Plan) -> None:
        """Publish a page with the plan."""
        self._show(artifacts.plan(plan), plan.target.environment)

    def unchanged(self, run: EnvironmentRun, units: Sequence[str]) -> None:
        """Publish one page with all units that are up to date, if there are any."""
        if units:
            name = run.environment.name
            self._show(artifacts.unchanged(name, run.release.id, units), name)

    def checked(self, target: Target, results: Sequence[CheckResult]) -> None:
        """Publish a page with the smoke checks, if there are any."""
        if results:
            self._show(artifacts.smoke(target, results), target.environment)

    def approval_wanted(self, request: Request, plans: PlanSet, violations: Sequence[Violation]) -> None:
        """Publish a page with the approval request, and notify."""
        self._show(artifacts.approval(request, plans, violations), request.environment)
        units = [f"  {unit}: {description}" for unit, description in request.units.items()]
        rehearsal = [f"  {request.rehearsal}"] if request.rehearsal else []
        what = "\n".join([f"  because {request.because}", *rehearsal, *units])
        how = f"flowmart approve {request.short}, until {request.until}"
        where = (request.environment, request.release, what, how, self._address)
        self._notify(notifications.approval_wanted(*where))

    def rolled_back(self, run: EnvironmentRun, why: str, done: Mapping[str, str]) -> None:
        """Publish a page about the rollback, and notify."""
        name, release = run.environment.name, run.release.id
        self._show(artifacts.rollback(name, release, why, dict(done)), name)
        self._notify(notifications.rolled_back(name, release, why, self._address))

    def returned(self, environment: str, left: str | None, to: str, actor: str) -> None:
        """Notify that an operator returned an environment to an earlier release."""
        self._notify(notifications.returned(environment, left, to, actor, self._address))

    def verified(self, run: EnvironmentRun) -> None:
        """Publish a page with the release of each environment."""
        names = [environment.name for environment in run.platform.environments]
        self._show(artifacts.matrix(run.ledger.state(name) for name in names))

    def failed(self, run: EnvironmentRun, error: Exception) -> None:
        """Notify that a run ended with an error, unless another notification reports it."""
        claim = run.state().claim
        purpose = claim.purpose if claim else "promote"
        ended = notifications.ended(run.environment.name, run.release.id, purpose, error, self._address)
        if ended is not None:
            self._notify(ended)

    def drifted(self, report: DriftReport) -> None:
        """Publish a page with the drift, notify about new drift, and keep an issue for each drifted unit."""
        self._show(artifacts.drift(report), report.environment)
        for notification in notifications.drift(report, self._address):
            self._notify(notification)
        self._keep_issues(report)

    def rehearsed(self, environment: str, rehearsal: RecordedRehearsal) -> None:
        """Publish a page with each unit's result, and notify if the rehearsal failed."""
        self._show(artifacts.rehearsal(environment, rehearsal), environment)
        event = rehearsal.event
        if event.outcome is not Outcome.SUCCEEDED:
            pair = (event.release, event.earlier)
            self._notify(notifications.rehearsal_failed(environment, *pair, event.why, self._address))

    def _show(self, page: Page, *environments: str) -> None:
        more = log_links.footer(self._declared, environments, self._run)
        self._publish(replace(page, text=f"{page.text}{more}").of(self._settings.platform_name))

    @cached_property
    def _declared(self) -> Mapping[str, Environment]:
        """The environments of the working tree, used for their links only; empty if platform.yaml cannot be read."""
        infrastructure = self._settings.repository / "infrastructure"
        try:
            found = manifest.load(infrastructure) if (infrastructure / "platform.yaml").exists() else None
        except FlowmartError:
            return {}
        return {each.name: each for each in found.environments} if found else {}

    def _notify(self, notification: Notification) -> None:
        notifications.send(self._settings, notification)

    def _keep_issues(self, report: DriftReport) -> None:
        repository, platform = self._settings.platform_repository, self._settings.platform_name
        if not repository or not self._settings.signs_in_to_github:
            return
        client = connect(self._settings)
        for issue in issues_of(report):
            keep = partial(issues.keep, client, repository, platform, issue.key, issue.title, issue.body)
            best_effort.send(issue.title, keep)
