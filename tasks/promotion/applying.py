"""Apply a plan: record the intent, apply exactly the plan, record the receipt.

A missing response is not a rejection. If the tool does not respond, the engine reads with backoff what exists:

    done        the receipt is recorded, and the promotion continues
    unchanged   planned and applied once more, under the same intent
    partly done, or still no response
                `Interrupted`: the claim stays open for `recover`, and the release is not rejected
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tasks.domain import wording
from tasks.domain.errors import Interrupted, InvalidInput, Refused, StalePlan, Unanswered, Unequipped
from tasks.domain.events import UnitApplied, UnitApplyFailed, UnitApplying, UnitObserved, UnitUnanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress
from tasks.domain.plan import Plan
from tasks.domain.release import Receipt
from tasks.promotion import gate, planning
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.planning import Planned

OBSERVED_FOR = 300.0
"""Seconds for which an unanswered apply is observed before the run stops for an operator."""

_LONGEST_PAUSE = 30.0


class Halted(Refused):
    """A unit was not started because another failed: a consequence, never the cause of a rollback."""


def apply(run: EnvironmentRun, unit: str, planned: Planned) -> Receipt | None:
    """Apply a plan, and record its receipt.

    Returns:
        The receipt; None for a unit that is up to date.

    Raises:
        Refused: the tool rejected the apply, or another unit failed before.
        Interrupted: the tool did not respond, and the apply is not known to be complete.
    """
    if not isinstance(planned, Plan):
        return None
    with run.turn(unit):
        if run.halted.is_set():
            raise Halted(f"{planned.target}: not started, because another unit failed")
        gate.refuse_uncovered(run, planned)
        try:
            made, applied = _applied(run, planned)
        except (Interrupted, Refused, InvalidInput):
            run.halted.set()
            raise
    if applied.outcome is not Outcome.SUCCEEDED:
        run.halted.set()
        run.record(UnitApplyFailed(**run.about(unit), detail=applied.detail))
        run.log(unit).error("apply FAILED", what=applied.detail.splitlines()[0] if applied.detail else "")
        raise Refused(f"{made.target}: apply failed\n{applied.detail}")
    return record_receipt(run, made, applied)


def record_receipt(run: EnvironmentRun, made: Plan, applied: Applied) -> Receipt:
    """Record that a plan was applied, and return the receipt with its ledger entry's id."""
    digests = (made.unit_digest, made.inputs_digest, made.digest)
    receipt = Receipt("", made.target, *digests, applied.outputs, "", applied.details)
    entry = run.record(UnitApplied(**run.about(made.target.unit), receipt=receipt))
    run.log(made.target.unit).info("applied", what=wording.counts(made), counts=made.counts, receipt=entry)
    if applied.detail:
        run.log(made.target.unit).warning("applied, and the tool says", what=applied.detail)
    return replace(receipt, id=entry)


def pauses(run: EnvironmentRun, seconds: float) -> Iterator[None]:
    """Yield once at once, then after ever longer pauses until `seconds` have passed or the run is stopped."""
    until, pause = run.clock.monotonic() + seconds, 1.0
    yield
    while run.clock.monotonic() + pause <= until and not run.processes.stopped:
        run.clock.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
        yield


def _applied(run: EnvironmentRun, planned: Plan) -> tuple[Plan, Applied]:
    """Apply the plan, or a new plan if it turns out stale. Return the plan that was applied, and the result."""
    if unchanged := _as_it_was(run, planned):
        return planned, unchanged
    _record_intent(run, planned)
    try:
        return planned, _observed(run, planned, _attempted(run, planned))
    except (StalePlan, _Unchanged) as error:
        run.log(planned.target.unit).warning("planned again", why=str(error))
    newer = _planned_again(run, planned)
    try:
        return newer, _observed(run, newer, _attempted(run, newer))
    except _Unchanged as error:
        raise Interrupted(f"{planned.target}: {error}") from error


def _record_intent(run: EnvironmentRun, made: Plan) -> None:
    creates = tuple(sorted(made.created))
    about = run.about(made.target.unit)
    intent = UnitApplying(
        **about, plan=made.digest, creates=creates, baseline=made.baseline, state_changes=made.state_changes
    )
    run.record(intent)
    run.log(made.target.unit).info("applying", what=wording.counts(made))


def _attempted(run: EnvironmentRun, made: Plan) -> Applied:
    """Apply once. An `Unanswered` error counts as an unanswered apply, whatever was done before it."""
    try:
        return run.engine(made.target).apply(made)
    except Unequipped as error:
        raise Interrupted(f"{made.target}: this machine cannot apply it: {error}") from error
    except Unanswered as error:
        return Applied.unanswered(error)


class _Unchanged(Exception):
    """The tool did not respond to the apply, and nothing was changed."""


def _observed(run: EnvironmentRun, made: Plan, applied: Applied) -> Applied:
    if applied.outcome is not Outcome.UNANSWERED:
        return applied
    unit = made.target.unit
    if applied.throttled:
        run.turns.throttled()
    run.record(UnitUnanswered(**run.about(unit), detail=applied.detail))
    run.log(unit).warning("no response", what="reading what is there")
    seen = _observe(run, made, applied.detail)
    run.record(UnitObserved(**run.about(unit), progress=seen.progress, detail=seen.detail))
    run.log(unit).info("observed", what=f"{seen.progress.value} {seen.detail}".strip())
    if seen.progress is Progress.DONE:
        return Applied(Outcome.SUCCEEDED, seen.outputs, details=seen.details)
    if seen.progress is Progress.UNCHANGED and not applied.unsaved:
        raise _Unchanged(f"the tool did not respond to the apply, and nothing was changed: {applied.detail}")
    found = seen.detail or "what it did is not recorded"
    state = f"the tool did not respond to the apply, which is partly done: {found}"
    raise Interrupted(f"{made.target}: {state}\n{applied.detail}")


def _observe(run: EnvironmentRun, made: Plan, why: str) -> Observation:
    last = ""
    for _ in pauses(run, OBSERVED_FOR):
        try:
            return run.engine(made.target).observe(made)
        except Unanswered as error:
            last = str(error)
        except Refused as error:
            silent = f"{made.target}: the tool did not respond to the apply"
            raise Interrupted(f"{silent}, and what is there cannot be read: {error}\n{why}") from error
    raise Interrupted(f"{made.target}: the tool did not respond to the apply or to later reads\n{why}\n{last}")


def _planned_again(run: EnvironmentRun, stale: Plan) -> Plan:
    """Return a new plan, tested and covered by the approval like the first one."""
    inputs = run.inputs(stale.target.unit, run.state().receipts)
    newer = replace(run.engine(stale.target).plan(inputs), baseline=stale.baseline)
    planning.test(run, stale.target.unit, newer)
    gate.refuse_uncovered(run, newer)
    _record_intent(run, newer)
    return newer


def _as_it_was(run: EnvironmentRun, made: Plan) -> Applied | None:
    """Return the receipt's outputs as the result of an empty plan; None unless the unit's checks have passed."""
    found = run.state()
    receipt = found.receipts.get(made.target.unit)
    good = made.empty and receipt is not None and made.target.unit in found.smoked
    if receipt is None or not good:
        return None
    return Applied(Outcome.SUCCEEDED, receipt.outputs, details=receipt.details)
