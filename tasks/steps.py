"""The Prefect tasks: one thin function a verb. The only module below flows/ that imports Prefect.

A step gives its verb a name in the run history, a retry policy and an artifact to read; what it does is in
`tasks.promotion`, `tasks.claims` and `tasks.drift`. Only steps that read are tried again, and only when they got
no answer. Results stay in memory: what must outlive the process is in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from prefect import State, Task, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TaskRun
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture, wait
from prefect.states import Cancelled, Completed
from prefect.tasks import exponential_backoff

from tasks import claims, pages, promotion, rollback, settings, shell
from tasks import drift as drifting
from tasks import gate as gates
from tasks import stage as stages
from tasks.approvals import Request
from tasks.drift import DriftReport
from tasks.errors import ApprovalWanted, CouldNotAsk, FlowmartError, Refused
from tasks.gate import PlanSet, Purpose
from tasks.history import History
from tasks.ledger import Ledger
from tasks.model import CheckResult, Finding, Plan, Receipt
from tasks.pages import Page
from tasks.promotion import NotPlanned
from tasks.stage import Stage
from tasks.standing import Claim, standing

log = structlog.get_logger("flowmart.steps")


def _got_no_answer(_: Task[Any, Any], __: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.result(raise_on_failure=False), CouldNotAsk)


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
def plan(stage: Stage, unit: str, upstream: Mapping[str, Plan | NotPlanned]) -> Plan | NotPlanned:
    """What the release would do to a unit."""
    with stage.turns:
        found = promotion.plan(stage, unit, upstream)
    if isinstance(found, Plan):
        _publish(pages.plan(found))
    return found


@task(name="test", task_run_name="test {unit}", **_WRITES)
def test(stage: Stage, unit: str, plan: Plan | NotPlanned) -> tuple[Finding, ...]:  # noqa: ARG001 (the run's name)
    """Hold a plan against the policies."""
    return promotion.test(stage, plan) if isinstance(plan, Plan) else ()


@task(name="gate", task_run_name="gate", **_WRITES)
def gate(
    stage: Stage, plans: PlanSet, findings: Sequence[Finding], despite: str | None, purpose: Purpose
) -> ApprovalWanted | None:
    """Let the plan set through, or say that it has to be approved first: which is no failure."""
    try:
        gates.pass_through(stage, plans, despite, purpose)
    except ApprovalWanted as wanted:
        _publish(pages.approval(wanted.request, plans, findings))
        return wanted
    return None


@task(name="apply", task_run_name="apply {unit}", **_WRITES)
def apply(stage: Stage, unit: str, plan: Plan | NotPlanned) -> Receipt | None:  # noqa: ARG001 (the run's name)
    """Apply what was planned; nothing for a unit that is up to date."""
    if not isinstance(plan, Plan):
        return None
    with stage.turns:
        return promotion.apply(stage, plan)


@task(name="smoke", task_run_name="smoke {unit}", **_READS)
def smoke(stage: Stage, unit: str, receipt: Receipt | None) -> tuple[CheckResult, ...]:  # noqa: ARG001 (the run's name)
    """Ask whether what was applied works."""
    if receipt is None:
        return ()
    with stage.turns:
        results = promotion.ask(stage, receipt)
    _publish(pages.smoke(receipt.target, results))
    promotion.judge(stage, receipt, results)
    return results


@task(name="roll back", task_run_name="roll back {unit}", **_WRITES)
def roll_back(stage: Stage, unit: str, kept: Sequence[str]) -> str:
    """Put one unit back to what it was."""
    return rollback.roll_back(stage, unit, kept)


@task(name="confirm", task_run_name="confirm {unit}", **_WRITES)
def confirm(stage: Stage, unit: str) -> None:
    """The tool itself finds the unit back as it was."""
    rollback.confirm(stage, unit)


@task(name="detect drift", task_run_name="detect drift {unit}", **_READS)
def detect_drift(stage: Stage, unit: str) -> Plan | None:
    """What somebody changed behind our back."""
    with stage.turns:
        return drifting.detect(stage, unit)


def report_drift(stage: Stage, found: Sequence[Plan]) -> DriftReport:
    """Record and show the drift of an environment."""
    report = drifting.report(stage, found)
    _publish(pages.drift(report))
    return report


def conclude_rollback(stage: Stage, why: str, done: dict[str, str], *, reject: bool) -> None:
    """All is back: record and show why, and what was done."""
    rollback.conclude_rollback(stage, why if reject else None)
    _publish(pages.rollback(stage.environment.name, stage.release.id, why, done))


def verify(stage: Stage) -> None:
    """All smoke checks passed: the release is verified here."""
    promotion.verify(stage)
    environments = [environment.name for environment in stage.platform.environments]
    _publish(pages.matrix(standing(name, stage.ledger.entries(name)) for name in environments))


@contextmanager
def opened(release: str, environment: str) -> Iterator[Stage]:
    """A stage to read with: no claim is made."""
    with stages.opened(settings.load(), release, environment, _run_id()) as stage:
        yield stage


@contextmanager
def claimed(release: str, environment: str, purpose: str) -> Iterator[Stage]:
    """A stage that holds the environment's claim, and gives it back however this ends.

    Cancelling the run, or a mistake of ours, interrupts the tools; what was begun stays in the ledger under the
    open claim, for `recover` or the next promotion to put back. So does a way back that got no answer.
    """
    with opened(release, environment) as stage:
        claims.claim(stage.ledger, environment, stage.release.id, purpose)
        with held(stage):
            yield stage


@contextmanager
def taken_over(environment: str, run_is_over: bool) -> Iterator[Stage | None]:
    """A stage that holds the claim of a run that is over, to put back what it began; None when there is none."""
    found = _history().standing(environment)
    if found.claim is None:
        claims.refuse_if_taken(found)
        yield None
        return
    with opened(found.claim.release, environment) as stage:
        claims.take_over(stage.ledger, environment, run_is_over)
        with held(stage):
            yield stage


def abandoned(environment: str) -> Claim | None:
    """The environment's open claim, if the run that made it is over."""
    claim = _history().standing(environment).claim
    return claim if claim is not None and claims.is_over(claim) else None


def current_release(environment: str) -> str:
    """The release that is in an environment."""
    return _history().current_release(environment)


def earlier_release(environment: str, to: str | None) -> str:
    """The release that an environment can go back to."""
    return _history().earlier_release(environment, to)


@contextmanager
def held(stage: Stage) -> Iterator[None]:
    """Give a claim back that is ours, with how it went."""
    name = stage.environment.name
    try:
        yield
    except ApprovalWanted:
        claims.close(stage.ledger, name, "waiting")
        raise
    except FlowmartError as error:
        found = stage.standing()
        if found.blocked or not found.rolling_back:
            claims.close(stage.ledger, name, "failed", str(error))
        raise
    except BaseException:
        stage.halted.set()
        shell.stop_all()
        if not stage.standing().attempted:
            claims.close(stage.ledger, name, "cancelled")
        raise
    claims.close(stage.ledger, name, "succeeded")


def waiting(wanted: ApprovalWanted) -> State[Request]:
    """How a run ends that asked for an approval: it did not fail, and it did not finish what it is for."""
    return Completed(name="AwaitingApproval", message=str(wanted), data=wanted.request)


def failures(futures: Iterable[PrefectFuture[Any]]) -> tuple[Exception, ...]:
    """Wait for all; the errors of those that failed. What never began because of them is not among these."""
    done, _ = wait(list(futures))
    found = (future.state.result(raise_on_failure=False) for future in done if _failed(future.state))
    return tuple(error for error in found if isinstance(error, Exception))


def end_what_never_began(futures: Iterable[PrefectFuture[Any]]) -> None:
    """Show the steps behind a failed one as cancelled: Prefect leaves them pending for ever.

    Only for the eye. A step that the server has not heard of yet (they are reported in batches) stays as it is.
    """
    ended: State[Any] = Cancelled(message="not begun, since something that it waits for failed")
    pending = [future.task_run_id for future in futures if future.state.is_pending()]
    if not pending:
        return
    with _for_the_eye("steps that never began"), get_client(sync_client=True) as client:
        for task_run in pending:
            client.set_task_run_state(task_run, ended, force=True)


@contextmanager
def _for_the_eye(what: str) -> Iterator[None]:
    """What only the run history would miss must not decide about an environment: it is logged, and we go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 (whatever the server's client may raise)
        log.debug("not shown in the run history", what=what, why=str(error))


def told(errors: Sequence[Exception]) -> str:
    """Why, in words: what was said no to, or, without a no, what could not be asked; each once."""
    said_no = [error for error in errors if not isinstance(error, CouldNotAsk)]
    return "\n".join(dict.fromkeys(str(error) for error in said_no or errors))


def stop(errors: Sequence[Exception]) -> None:
    """Raise what the errors amount to: a bug of ours as it is, a no before a missing answer; nothing for none."""
    raise_mistakes(errors)
    if errors:
        only_silence = all(isinstance(error, CouldNotAsk) for error in errors)
        raise (CouldNotAsk if only_silence else Refused)(told(errors))


def raise_mistakes(errors: Sequence[Exception]) -> None:
    """A mistake of ours (or Prefect's) among the errors is raised as it is: it says nothing about the release."""
    for error in errors:
        if not isinstance(error, FlowmartError):
            raise error


def ledger() -> Ledger:
    """The ledger of the store, to decide in."""
    return _history().ledger


def _history() -> History:
    return History(settings.load(), _run_id())


def _publish(page: Page) -> None:
    with _for_the_eye(page.title):
        create_markdown_artifact(page.text, key=page.key, description=page.title)


def _failed(state: State[Any]) -> bool:
    return state.is_failed() or state.is_crashed()


def _run_id() -> str:
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else ""
