"""The Prefect tasks: one thin function a verb. The only module below flows/ that imports Prefect.

A step gives its verb a name in the run history, a retry policy and an artifact to read; what it does is in
`tasks.promotion`, `tasks.claims` and `tasks.drift`. Only steps that read are tried again, and only when they got
no answer. Results stay in memory: what must outlive the process is in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
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
from prefect.utilities.urls import url_for

from tasks import approvals, claims, notifications, pages, promotion, releases, reports, rollback, settings, shell
from tasks import drift as drifting
from tasks import gate as gates
from tasks import stage as stages
from tasks.approvals import Request
from tasks.drift import DriftReport
from tasks.drift.issues import issues as issues_of
from tasks.errors import ApprovalWanted, CouldNotAsk, FlowmartError, Refused
from tasks.gate import Consent, PlanSet, Purpose
from tasks.github import commits, courtesy, issues
from tasks.github.client import Client, connect
from tasks.github.reported import EnvironmentReport
from tasks.history import History
from tasks.ledger import Ledger
from tasks.model import CheckResult, Finding, Plan, Receipt, Release
from tasks.notifications import Notification
from tasks.pages import Page
from tasks.promotion import NotPlanned
from tasks.stage import Stage
from tasks.standing import Claim, Standing, standing
from tasks.store import Store

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
    stage: Stage, plans: PlanSet, findings: Sequence[Finding], consent: Consent, purpose: Purpose
) -> ApprovalWanted | None:
    """Let the plan set through, or say that it has to be approved first: which is no failure."""
    try:
        gates.pass_through(stage, plans, consent, purpose)
    except ApprovalWanted as wanted:
        _publish(pages.approval(wanted.request, plans, findings))
        tell(_asking(wanted.request))
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
    stage: Stage, planned: Mapping[str, PrefectFuture[Any]], tested: Mapping[str, PrefectFuture[Any]]
) -> EnvironmentReport:
    """What planning and testing an environment came to, for those who read it on GitHub. Waits for all of it."""
    raise_mistakes(failures([*planned.values(), *tested.values()]))
    units = (reports.of_unit(stage, unit, _found(future)) for unit, future in planned.items())
    return reports.of_environment(stage, units)


def report_drift(stage: Stage, found: Sequence[Plan], errored: Mapping[str, Exception]) -> DriftReport:
    """Record and show the drift of an environment, and tell what is new about it."""
    report = drifting.report(stage, found, errored)
    _publish(pages.drift(report))
    for notification in notifications.drift(report, run_address()):
        tell(notification)
    _keep_issues(report)
    return report


def conclude_rollback(stage: Stage, why: str, done: dict[str, str], *, reject: bool) -> None:
    """All is back: record and show why, and what was done."""
    rollback.conclude_rollback(stage, why if reject else None)
    _publish(pages.rollback(stage.environment.name, stage.release.id, why, done))
    tell(notifications.rolled_back(stage.environment.name, stage.release.id, why, run_address()))


def verify(stage: Stage) -> None:
    """All smoke checks passed: the release is verified here."""
    promotion.verify(stage)
    environments = [environment.name for environment in stage.platform.environments]
    _publish(pages.matrix(standing(name, stage.ledger.entries(name)) for name in environments))


@contextmanager
def opened(release: str, environment: str) -> Iterator[Stage]:
    """A stage to read with: no claim is made."""
    with stages.opened(settings.load(), release, environment, _run_id()) as stage:
        try:
            yield stage
        finally:
            _await_pages()


@contextmanager
def claimed(release: str, environment: str, purpose: str) -> Iterator[Stage]:
    """A stage that holds the environment's claim, and gives it back however this ends.

    Cancelling the run, or a mistake of ours, interrupts the tools; what was begun stays in the ledger under the
    open claim, for `recover` or the next promotion to put back. So does a way back that got no answer.
    """
    with opened(release, environment) as stage:
        claims.claim(stage.ledger, environment, stage.release.id, purpose, settings.load().wait)
        promotion.get_ready(stage)
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


def await_turn(environment: str) -> None:
    """Wait for the run that works in an environment, for as long as FLOWMART_WAIT says."""
    history, patience = _history(), settings.load().wait
    held = history.standing(environment).claim
    if held and patience and not claims.is_over(held):
        log.info("waits", environment=environment, what=f"for {held.actor} to {held.purpose} {held.release}")
    claims.await_end(lambda: history.standing(environment), patience)


def abandoned(environment: str) -> Claim | None:
    """The environment's open claim, if the run that made it is over."""
    claim = _history().standing(environment).claim
    return claim if claim is not None and claims.is_over(claim) else None


def is_anything_applied(environment: str) -> bool:
    """Whether there is anything of ours in an environment."""
    return bool(_history().standing(environment).receipts)


def current_release(environment: str) -> str:
    """The release that is in an environment."""
    return _history().current_release(environment)


def verified_release(environment: str) -> str:
    """The release that is verified in an environment now."""
    return _history().verified_release(environment)


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
        _tell_bad_news(stage, found, error)
        raise
    except BaseException as error:
        stage.halted.set()
        shell.stop_all()
        found = stage.standing()
        if not found.attempted:
            claims.close(stage.ledger, name, "cancelled")
        if isinstance(error, Exception):
            _tell_bad_news(stage, found, error)
        raise
    claims.close(stage.ledger, name, "succeeded")


def waiting(wanted: ApprovalWanted) -> State[Request]:
    """How a run ends that asked for an approval: it did not fail, and it did not finish what it is for."""
    return Completed(name="AwaitingApproval", message=str(wanted), data=wanted.request)


def failures_by_name(futures: Mapping[str, PrefectFuture[Any]]) -> dict[str, Exception]:
    """Wait for all; {name: its error} of those that failed."""
    found = {name: failures([future]) for name, future in futures.items()}
    return {name: errors[0] for name, errors in found.items() if errors}


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


def environments(release: str) -> tuple[str, ...]:
    """The environments of a release, in order."""
    with stages.checkouts(settings.load()) as found:
        return tuple(environment.name for environment in found.of(release).platform.environments)


def release(name: str) -> Release:
    """A release by its id."""
    return _history().release(name)


def begun_last(release: Release) -> bool:
    """Whether the last promotion that was begun at the first environment was of this release already."""
    return _history().last_begun(environments(release.id)[0]) == release.id


def waiting_for_approval() -> tuple[Request, ...]:
    """What waits for an approval now, everywhere."""
    return approvals.waiting(ledger(), datetime.now(UTC))


def ledger() -> Ledger:
    """The ledger of the store, to decide in."""
    return _history().ledger


def tell(notification: Notification | None) -> None:
    """Notify people, where there is something to tell. Decides nothing, and takes a few seconds at most."""
    if notification is not None:
        notifications.send(settings.load(), notification)


def _keep_issues(report: DriftReport) -> None:
    chosen = settings.load()
    if not chosen.github_repository:
        return
    client = connect(chosen)
    for issue in issues_of(report):
        keep = partial(issues.keep, client, chosen.github_repository, issue.key, issue.title, issue.body)
        courtesy.tell(issue.title, keep)


def _asking(request: Request) -> Notification:
    what = "\n".join(f"  {unit}: {told}" for unit, told in request.units.items())
    how = f"flowmart approve {request.short}, until {request.expires:%Y-%m-%d %H:%M} UTC"
    return notifications.approval_wanted(request.environment, request.release, what, how, run_address())


def run_address() -> str:
    """Where this run is shown in the Prefect UI; empty outside of one."""
    run = _run_id()
    return (url_for("flow-run", obj_id=run) or "") if run else ""


def _tell_bad_news(stage: Stage, found: Standing, error: Exception) -> None:
    """That a run did not get to its end; not where it waits for an approval, which is told by whoever wants it."""
    mine = {entry.kind for entry in stage.ledger.entries(found.environment) if entry.run == stage.ledger.run}
    if "approval_wanted" in mine and "approved" not in mine:
        return
    purpose = found.claim.purpose if found.claim else "promote"
    tell(notifications.ended(found.environment, stage.release.id, purpose, error, run_address()))


def _history() -> History:
    return History(settings.load(), _run_id())


_pages = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")
"""Pages are sent in the background and in order, so that no step waits for the server."""


def _publish(page: Page) -> None:
    """Send a page to the run history, as one of the run that we are in."""
    _pages.submit(copy_context().run, _send, page)


def _send(page: Page) -> None:
    with _for_the_eye(page.title):
        create_markdown_artifact(page.text, key=page.key, description=page.title)


def _await_pages() -> None:
    """All pages so far are sent, since there is one thread for them."""
    _pages.submit(int).result()


def _found(future: PrefectFuture[Any]) -> Plan | NotPlanned | FlowmartError | None:
    """What a step gave, or why it failed; None where it never began."""
    if future.state.is_pending():
        return None
    found = future.state.result(raise_on_failure=False)
    return found if isinstance(found, Plan | NotPlanned | FlowmartError) else None


def _failed(state: State[Any]) -> bool:
    return state.is_failed() or state.is_crashed()


def _run_id() -> str:
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else ""
