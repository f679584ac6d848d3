"""The Prefect tasks: one thin function a verb.

A step gives its verb a name in the run history, a retry policy and an artifact to read. Only steps that read are
tried again, and only when they got no answer. Results stay in memory: what must outlive the process is in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefect import State, Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.futures import PrefectFuture
from prefect.tasks import exponential_backoff

from tasks import drift as drifting
from tasks import settings
from tasks.domain.errors import ApprovalWanted, Unanswered
from tasks.domain.outcome import CheckResult
from tasks.domain.plan import Plan
from tasks.domain.release import Receipt, Release
from tasks.domain.rules import Finding
from tasks.drift import DriftReport
from tasks.github import commits
from tasks.github.client import Client
from tasks.github.reported import EnvironmentReport
from tasks.ledger.state import environment_state
from tasks.ledger.store import Store
from tasks.notifications import notifications
from tasks.promotion import gate as gates
from tasks.promotion import rollback, verbs
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.gate import Consent, PlanSet, Purpose
from tasks.promotion.verbs import NotPlanned
from tasks.releases import releases
from tasks.reports import artifacts, pull_requests
from tasks.steps.outcomes import failures, found, raise_mistakes
from tasks.steps.publishing import asking, keep_issues, publish, run_address, tell


def _got_no_answer(_: Task[Any, Any], __: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.result(raise_on_failure=False), Unanswered)


_READS: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _got_no_answer,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


_WRITES: dict[str, Any] = {"retries": 0, "cache_policy": NO_CACHE, "persist_result": False}


@task(name="plan", task_run_name="plan {unit}", **_READS)
def plan(run: EnvironmentRun, unit: str, upstream: Mapping[str, Plan | NotPlanned]) -> Plan | NotPlanned:
    """What the release would do to a unit."""
    with run.turns:
        found = verbs.plan(run, unit, upstream)
    if isinstance(found, Plan):
        publish(artifacts.plan(found))
    return found


@task(name="test", task_run_name="test {unit}", **_WRITES)
def test(run: EnvironmentRun, unit: str, plan: Plan | NotPlanned) -> tuple[Finding, ...]:  # noqa: ARG001 (the run's name)
    """Hold a plan against the policies."""
    return verbs.test(run, plan) if isinstance(plan, Plan) else ()


@task(name="gate", task_run_name="gate", **_WRITES)
def gate(
    run: EnvironmentRun, plans: PlanSet, findings: Sequence[Finding], consent: Consent, purpose: Purpose
) -> ApprovalWanted | None:
    """Let the plan set through, or say that it has to be approved first: which is no failure."""
    try:
        gates.pass_through(run, plans, consent, purpose)
    except ApprovalWanted as wanted:
        publish(artifacts.approval(wanted.request, plans, findings))
        tell(asking(wanted.request))
        return wanted
    return None


@task(name="apply", task_run_name="apply {unit}", **_WRITES)
def apply(run: EnvironmentRun, unit: str, plan: Plan | NotPlanned) -> Receipt | None:  # noqa: ARG001 (the run's name)
    """Apply what was planned; nothing for a unit that is up to date."""
    if not isinstance(plan, Plan):
        return None
    with run.turns:
        return verbs.apply(run, plan)


@task(name="smoke", task_run_name="smoke {unit}", **_READS)
def smoke(run: EnvironmentRun, unit: str, receipt: Receipt | None) -> tuple[CheckResult, ...]:  # noqa: ARG001 (the run's name)
    """Ask whether what was applied works."""
    if receipt is None:
        return ()
    with run.turns:
        results = verbs.ask(run, receipt)
    publish(artifacts.smoke(receipt.target, results))
    verbs.judge(run, receipt, results)
    return results


@task(name="roll back", task_run_name="roll back {unit}", **_WRITES)
def roll_back(run: EnvironmentRun, unit: str, kept: Sequence[str]) -> str:
    """Put one unit back to what it was."""
    return rollback.roll_back(run, unit, kept)


@task(name="confirm", task_run_name="confirm {unit}", **_WRITES)
def confirm(run: EnvironmentRun, unit: str) -> None:
    """The tool itself finds the unit back as it was."""
    rollback.confirm(run, unit)


@task(name="detect drift", task_run_name="detect drift {unit}", **_READS)
def detect_drift(run: EnvironmentRun, unit: str) -> Plan | None:
    """What somebody changed behind our back."""
    with run.turns:
        return drifting.detect(run, unit)


@task(name="fetch", task_run_name="fetch {ref}", **_READS)
def fetch(client: Client, repository: str, ref: str) -> str:
    """Bring what a ref is at on GitHub into the local repository; the commit."""
    return commits.fetch(settings.load(), client, repository, ref)


@task(name="freeze", task_run_name="freeze {sha}", **_READS)
def freeze(sha: str) -> Release:
    """Make a release of a commit that is in the local repository."""
    chosen = settings.load()
    commits.refuse_missing(chosen, sha)
    return releases.create(chosen.repository, sha, Store.open(chosen.store_address))


def report(
    run: EnvironmentRun, planned: Mapping[str, PrefectFuture[Any]], tested: Mapping[str, PrefectFuture[Any]]
) -> EnvironmentReport:
    """What planning and testing an environment came to, for those who read it on GitHub. Waits for all of it."""
    raise_mistakes(failures([*planned.values(), *tested.values()]))
    units = (pull_requests.of_unit(run, unit, found(future)) for unit, future in planned.items())
    return pull_requests.of_environment(run, units)


def report_drift(run: EnvironmentRun, found: Sequence[Plan], unanswered: Mapping[str, Exception]) -> DriftReport:
    """Record and show the drift of an environment, and tell what is new about it."""
    report = drifting.report(run, found, unanswered)
    publish(artifacts.drift(report))
    for notification in notifications.drift(report, run_address()):
        tell(notification)
    keep_issues(report)
    return report


def conclude_rollback(run: EnvironmentRun, why: str, done: dict[str, str], *, reject: bool) -> None:
    """All is back: record and show why, and what was done."""
    rollback.conclude_rollback(run, why if reject else None)
    publish(artifacts.rollback(run.environment.name, run.release.id, why, done))
    tell(notifications.rolled_back(run.environment.name, run.release.id, why, run_address()))


def verify(run: EnvironmentRun) -> None:
    """All smoke checks passed: the release is verified here."""
    verbs.verify(run)
    environments = [environment.name for environment in run.platform.environments]
    publish(artifacts.matrix(environment_state(name, run.ledger.entries(name)) for name in environments))
