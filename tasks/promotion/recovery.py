"""Recover an environment whose run ended before it was done: observe, then finish or roll back.

a rollback had started         it is continued, and rejects the release if it was meant to
everything is applied          smoke checks run, open analyses continue, and the release is verified
it is paused                   later measurements, or the end of the time to decide, may decide it (`pauses`)
otherwise                      attempted units are rolled back; the release is not rejected
"""

from __future__ import annotations

from tasks.domain.errors import NO_VERDICT, Interrupted, Refused
from tasks.promotion import pauses, planning
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.executor import Executor, errors
from tasks.promotion.gate import Consent, Purpose
from tasks.promotion.promotion import plan_and_test, promote
from tasks.promotion.rollback import roll_back
from tasks.promotion.runtime import Runtime
from tasks.promotion.session import abandoned, await_turn, taken_over

INTERRUPTED = "the run of this promotion ended before it was done"


def recover(runtime: Runtime, executor: Executor, environment: str, *, run_is_over: bool = False) -> bool:
    """Finish or roll back what an ended run left.

    Args:
        run_is_over: a person states that the run is over, though its machine cannot be checked.

    Returns:
        False if there was nothing to recover.

    Raises:
        Interrupted: a tool or an API still does not respond, or is missing here; the claim stays open.
        RollbackFailed: the environment is blocked.
    """
    with taken_over(runtime, environment, run_is_over) as run:
        if run is None:
            return pauses.look_again(runtime, executor, environment)
        left = run.state()
        if left.attempt.rolling_back:
            roll_back(run, left.attempt.rolling_back, executor, rejects=left.attempt.rejects)
        elif left.attempt.units and not _finished(run, executor):
            roll_back(run, left.interrupted or INTERRUPTED, executor, rejects=False)
        return True


def recover_if_abandoned(runtime: Runtime, executor: Executor, environment: str) -> None:
    """Wait for the current run before a new one starts, if the settings say so, and recover what a dead run left."""
    await_turn(runtime, environment)
    if abandoned(runtime, environment) is not None:
        recover(runtime, executor, environment)


def _finished(run: EnvironmentRun, executor: Executor) -> bool:
    """Tell whether nothing was left to apply, and the release could be verified."""
    if not _is_all_applied(run, executor):
        return False
    try:
        promote(run, executor, _purpose(run), Consent())
    except Refused:
        # The release was rejected after all. Either promote has rolled it back, or it changed nothing and the caller
        # rolls back.
        return not run.state().attempt.units
    return True


def _is_all_applied(run: EnvironmentRun, executor: Executor) -> bool:
    planned, tested = plan_and_test(run, executor)
    raised = errors([*planned.values(), *tested.values()])
    for error in raised:
        if isinstance(error, NO_VERDICT):
            again = f"run `flowmart recover {run.environment.name}` again once that works"
            raise Interrupted(f"{error}\nNothing was changed; {again}") from error
    if raised:
        return False
    return planning.plan_set(run, {unit: step.result() for unit, step in planned.items()}).empty


def _purpose(run: EnvironmentRun) -> Purpose:
    """Return what the claim was for. A run that only adopted has changed nothing, so it counts as a promotion."""
    claim = run.state().claim
    purposes: dict[str, Purpose] = {"roll back": "roll back", "reconcile": "reconcile"}
    return purposes.get(claim.purpose if claim else "", "promote")
