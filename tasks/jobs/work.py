"""Run a job: one call of one engine, requested by a run, on this machine and with its credentials.

A job starts at most once and only while the run holds its claim. It stops its tools when the claim is lost or the run
says so. It writes nothing into the ledger: the run does that after reading the answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from tasks import masking, process_identity
from tasks.domain.errors import ClaimLost, FlowmartError, Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress
from tasks.domain.plan import Plan
from tasks.domain.release import Baseline, Receipt
from tasks.engines import UnitEngine, validation
from tasks.engines.base import Workspace
from tasks.engines.masked import masked
from tasks.engines.observations import observed
from tasks.jobs.desk import Desk
from tasks.jobs.lacking import NotApplied, equipped, on_this_machine, preparing
from tasks.jobs.records import Answer, JobRequest, Making, named
from tasks.promotion.applying import OBSERVED_FOR, pauses
from tasks.promotion.environment_run import EnvironmentRun, opened
from tasks.promotion.runtime import Runtime

_WATCH = 5.0
"""Seconds between two checks whether the run still waits."""

_PATIENCE = 600.0
"""Seconds for which writing the answer is retried if the store does not respond."""


def work(runtime: Runtime, environment: str, job: str, watch: float = _WATCH) -> None:
    """Take a job, make the requested call, and write the answer.

    Args:
        runtime: what the job works with.
        environment: the environment of its unit.
        job: the job's name.
        watch: seconds between two checks whether the run still waits for the answer.

    Raises:
        InvalidInput: no run requested the job.
        Refused: the job started before, or the run no longer waits for it; or the engine's own error.
    """
    desk = Desk(runtime.store, environment, runtime.clock.now)
    request = desk.request(job)
    if not desk.begin(job, process_identity.current().record()):
        raise Refused(f"job {job} was begun before, or nobody waits for it any more; it is done once at most")
    try:
        answer = _done(runtime, desk, job, request, watch)
    except NotApplied as error:
        _tell(runtime, desk, job, _unchanged(runtime, error))
        raise
    except BaseException as error:
        # A cancelled process counts as one that did not respond, and the run has to learn that too.
        raised: BaseException = error if isinstance(error, Exception) else Unanswered("the job was cancelled")
        _tell(runtime, desk, job, Answer(_now(runtime), error=named(raised), message=masking.mask(str(raised))))
        raise
    _tell(runtime, desk, job, answer)


def _done(runtime: Runtime, desk: Desk, job: str, request: JobRequest, watch: float) -> Answer:
    with ExitStack() as opening:
        with preparing(request):
            run = opening.enter_context(opened(runtime, request.release, request.target.environment))
        run.claim = request.claim
        _refuse_unclaimed(run)
        with runtime.stops.including(run.stop), _watched(run, desk, job, watch):
            run.log(request.target.unit).info("job", what=f"{request.call}, for {request.claim or 'a run'}")
            with preparing(request):
                workspace = _workspace(run, request)
            with equipped(request):
                return _called(run, request, workspace)


def _unchanged(runtime: Runtime, error: NotApplied) -> Answer:
    applied = Applied.unanswered(error, masking.mask(str(error)))
    return Answer(_now(runtime), applied=applied, observation=Observation(Progress.UNCHANGED))


def _called(run: EnvironmentRun, request: JobRequest, workspace: Workspace) -> Answer:
    if request.call == "apply":
        return _applied(run, request, workspace)
    if request.call == "observe":
        return Answer(_now(run.runtime), observation=_observed(run, request, workspace))
    engine = _engine(run, workspace)
    at, receipt = _now(run.runtime), request.receipt
    if request.call == "validate":
        engine.validate()
        return Answer(at)
    if request.call == "plan":
        return _planned(run, request, workspace, engine)
    if request.call == "verify":
        return Answer(at, verification=engine.verify())
    if receipt is not None and request.call == "drift":
        return Answer(at, plan=engine.detect_drift(receipt))
    if receipt is not None and request.call == "settle":
        return Answer(at, changes=engine.settle(receipt))
    return Answer(at, adopted=engine.adopt())


def _planned(run: EnvironmentRun, request: JobRequest, workspace: Workspace, engine: UnitEngine) -> Answer:
    making, at = request.making, _now(run.runtime)
    made = _made(run, making, workspace, engine)
    first = making.inputs is not None and workspace.receipt is None and workspace.baseline is None
    found = None
    if request.validates:
        validators = run.runtime.engines[workspace.unit.engine].validators
        found = validation.violations(workspace, validators)
    return Answer(at, plan=made, violations=found, adopted=engine.adopt() if first else None)


def _made(run: EnvironmentRun, making: Making, workspace: Workspace, engine: UnitEngine) -> Plan | None:
    """Make the requested plan on this machine."""
    if making.inputs is not None:
        return engine.plan(making.inputs)
    to: Receipt | Baseline | None = making.receipt or making.baseline
    failed = _known(on_this_machine(run.workspace(run.target(workspace.unit.name))), making)
    return engine.plan_rollback(failed, to)


def _applied(run: EnvironmentRun, request: JobRequest, workspace: Workspace) -> Answer:
    """Apply the plan if a new plan here has the same effect; observe the result if the tool does not respond."""
    wanted = request.plan
    with preparing(request):
        made = _made(run, request.making, workspace, _engine(run, workspace))
        workspace.writing()
    if wanted is None or made is None or made.digest != wanted.digest:
        raise StalePlan(f"{request.target}: what would be done is not what was planned any more; plan again")
    try:
        with equipped(request):
            applied = _engine(run, workspace).apply(made)
    except Unanswered as error:
        applied = Applied.unanswered(error)
    seen = _seen(run, request, made, workspace) if applied.outcome is Outcome.UNANSWERED else None
    return Answer(_now(run.runtime), applied=applied, observation=seen)


def _seen(run: EnvironmentRun, request: JobRequest, made: Plan, workspace: Workspace) -> Observation | None:
    """Return what exists after an unanswered apply; None if the tool does not respond to reads, or rejects them."""
    engine = _engine(run, workspace)
    for _ in pauses(run, OBSERVED_FOR):
        try:
            with equipped(request):
                return engine.observe(made)
        except Unanswered as error:
            run.log(workspace.unit.name).warning("no response", what=str(error).splitlines()[0])
        except Refused as error:
            run.log(workspace.unit.name).warning("cannot be observed", what=str(error).splitlines()[0])
            return None
    return None


def _observed(run: EnvironmentRun, request: JobRequest, workspace: Workspace) -> Observation:
    """Return what exists after the apply of a lost job, whose tool's own plan is lost too.

    Engines that need that plan make another one. If it has nothing left to do, applying it changes nothing and
    returns the outputs.
    """
    plan = request.plan
    if plan is None:
        return Observation(Progress.PARTIAL, detail="nothing is known of what was to be applied")
    try:
        return _engine(run, workspace).observe(plan)
    except StalePlan:
        again = _made(run, request.making, workspace, _engine(run, workspace))
    if again is None:
        return Observation(Progress.PARTIAL, detail="there is nothing to compare it with")
    if not again.empty:
        found = observed(plan, again, {})
        # Only changes that every plan repeats may be left, but without an apply there are no outputs.
        done = found.progress is Progress.DONE
        return Observation(Progress.PARTIAL, detail="it may be done") if done else found
    applied = _engine(run, workspace).apply(again)
    if applied.outcome is Outcome.SUCCEEDED:
        return Observation(Progress.DONE, applied.outputs, details=applied.details)
    raise Unanswered(applied.detail)


def _engine(run: EnvironmentRun, workspace: Workspace) -> UnitEngine:
    return masked(run.runtime.engines[workspace.unit.engine].make(workspace), workspace)


def _workspace(run: EnvironmentRun, request: JobRequest) -> Workspace:
    return _known(on_this_machine(run.workspace(request.target)), request.making)


def _known(workspace: Workspace, making: Making) -> Workspace:
    """Return the workspace as it was when the first plan was made."""
    return replace(
        workspace,
        baseline=making.existing,
        unfinished=making.unfinished,
        reconciling=making.reconciling,
        state_changes=making.state_changes,
    )


def _refuse_unclaimed(run: EnvironmentRun) -> None:
    if run.claim and not _holds(run):
        raise ClaimLost(f"{run.environment.name}: the run that asked for this job does not hold the environment")


def _holds(run: EnvironmentRun) -> bool:
    held = run.state().claim
    return held is not None and held.entry == run.claim


@contextmanager
def _watched(run: EnvironmentRun, desk: Desk, job: str, every: float) -> Iterator[None]:
    """Stop the tools if no run waits for the answer any more, while the context lasts."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(every):
            if _is_left(run, desk, job):
                run.stop()
                return

    threading.Thread(target=watch, name=f"watch {job}", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _is_left(run: EnvironmentRun, desk: Desk, job: str) -> bool:
    """Tell whether, according to the store, no run waits; False if the store cannot be read."""
    try:
        return desk.is_abandoned(job) or (bool(run.claim) and not _holds(run))
    except FlowmartError:
        return False


def _tell(runtime: Runtime, desk: Desk, job: str, answer: Answer) -> None:
    until, clock = runtime.clock.monotonic() + _PATIENCE, runtime.clock
    while True:
        try:
            return desk.answer(job, answer)
        except Unanswered:
            if clock.monotonic() >= until:
                raise
            clock.sleep(_WATCH)


def _now(runtime: Runtime) -> str:
    return runtime.clock.now().isoformat()
