"""The Prefect tasks: one thin function for each verb.

A task gives its verb a name in the run history and a retry policy; `tasks.promotion` and `tasks.drift` implement the
verb. Only read-only verbs are retried, and only if a dependency did not respond. Results stay in memory: everything
lasting is in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from prefect import State, Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun

from tasks import drift
from tasks.domain.errors import Unanswered
from tasks.domain.outcome import CheckResult
from tasks.domain.plan import Change, Plan
from tasks.domain.release import Receipt, Release
from tasks.domain.rules import Violation
from tasks.github import commits
from tasks.github.client import Client
from tasks.ledger.history import History
from tasks.promotion import promotion, rehearsal, rollback
from tasks.promotion.analysing import Analyses
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.executor import RETRY_DELAYS, Verb
from tasks.promotion.planning import Planned
from tasks.releases.requests import Purpose
from tasks.settings import Settings

_T = TypeVar("_T")


def _got_no_answer(_: Task[Any, Any], __: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.result(raise_on_failure=False), Unanswered)


Awaited = tuple[_T]
"""The result of another step: its future in a tuple, until Prefect has waited for it."""

_WRITES: dict[str, Any] = {"retries": 0, "cache_policy": NO_CACHE, "persist_result": False}
_READS: dict[str, Any] = {
    **_WRITES,
    "retries": len(RETRY_DELAYS),
    "retry_delay_seconds": list(RETRY_DELAYS),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _got_no_answer,
}


@task(name="plan", task_run_name="plan {unit}", **_READS)
def plan(run: EnvironmentRun, unit: str, upstream: Mapping[str, Planned]) -> Planned:
    """Plan what the release would change in a unit."""
    found: Planned = promotion.PLAN(run, unit, upstream)
    return found


@task(name="test", task_run_name="test {unit}", **_WRITES)
def test(run: EnvironmentRun, unit: str, planned: Awaited[Planned]) -> tuple[Violation, ...]:
    """Run the validators and policies on a plan."""
    found: tuple[Violation, ...] = promotion.TEST(run, unit, *planned)
    return found


@task(name="apply", task_run_name="apply {unit}", **_WRITES)
def apply(run: EnvironmentRun, unit: str, planned: Awaited[Planned]) -> Receipt | None:
    """Apply a plan; does nothing for a unit that is up to date."""
    found: Receipt | None = promotion.APPLY(run, unit, *planned)
    return found


@task(name="smoke", task_run_name="smoke {unit}", **_READS)
def smoke(run: EnvironmentRun, unit: str, receipt: Awaited[Receipt | None]) -> tuple[CheckResult, ...]:
    """Run the smoke checks of an applied unit."""
    found: tuple[CheckResult, ...] = promotion.CHECK(run, unit, *receipt)
    return found


@task(name="settle", task_run_name="settle {unit}", **_WRITES)
def settle(run: EnvironmentRun, unit: str, receipt: Awaited[Receipt | None]) -> None:
    """Record residual differences after a successful apply, to compare with later."""
    promotion.SETTLE(run, unit, *receipt)


@task(name="analyse", task_run_name="analyse {unit}", **_WRITES)
def analyse(run: EnvironmentRun, unit: str, analyses: Analyses) -> None:
    """Wait for the analysis of a unit that other units wait for."""
    promotion.ANALYSE(run, unit, analyses)


@task(name="roll back", task_run_name="roll back {unit}", **_WRITES)
def roll_back(run: EnvironmentRun, unit: str, kept: Sequence[str]) -> str:
    """Roll back one unit."""
    found: str = rollback.RESTORE(run, unit, kept)
    return found


@task(name="verify", task_run_name="verify {unit}", **_WRITES)
def verify(run: EnvironmentRun, unit: str) -> None:
    """Verify with its own tool that a unit was rolled back."""
    rollback.VERIFY(run, unit)


@task(name="detect drift", task_run_name="detect drift {unit}", **_READS)
def detect_drift(run: EnvironmentRun, unit: str) -> Plan | None:
    """Detect what was changed since the last apply."""
    found: Plan | None = drift.DETECT(run, unit)
    return found


@task(name="verify rehearsal", task_run_name="verify rehearsal {unit}", **_READS)
def verify_rehearsal(run: EnvironmentRun, unit: str, residual: Sequence[Change]) -> tuple[str, ...]:
    """Find what differs after a rehearsed rollback."""
    found: tuple[str, ...] = rehearsal.VERIFY(run, unit, residual)
    return found


TASKS: Mapping[Verb, Task[Any, Any]] = {
    promotion.PLAN: plan,
    promotion.TEST: test,
    promotion.APPLY: apply,
    promotion.CHECK: smoke,
    promotion.SETTLE: settle,
    promotion.ANALYSE: analyse,
    rollback.RESTORE: roll_back,
    rollback.VERIFY: verify,
    drift.DETECT: detect_drift,
    rehearsal.VERIFY: verify_rehearsal,
}
"""{verb: its Prefect task}."""


@task(name="fetch", task_run_name="fetch {ref}", **_READS)
def fetch(settings: Settings, client: Client, repository: str, ref: str) -> str:
    """Fetch a ref from GitHub into the local repository, and return its commit."""
    return commits.fetch(settings, client, repository, ref)


@task(name="create release", task_run_name="create release of {sha}", **_READS)
def create_release(settings: Settings, sha: str, purpose: Purpose, pull_request: int | None = None) -> Release:
    """Create a release of a commit in the local repository, to promote it or only to plan it."""
    commits.refuse_missing(settings, sha)
    releases = History(settings).releases
    return releases.create(settings.repository, sha, settings.acting, purpose, pull_request)
