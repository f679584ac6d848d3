"""Roll back an environment: every attempted unit in reverse order, then verify each with its own tool.

A rollback plan must pass the same policies as a promotion, and deletes only what the release created; anything else
blocks the environment until a person has acted. What existed before the first apply is restored or left as it is,
never removed.

If a tool does not respond, the step is retried with backoff within the unit's time limit. After that the environment
is `interrupted`, and `recover` continues. A rejected rollback step blocks the environment until a person has resolved
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from tasks.domain import wording
from tasks.domain.errors import (
    ClaimLost,
    FlowmartError,
    Interrupted,
    Refused,
    RollbackFailed,
    RolledBack,
    StalePlan,
    Unanswered,
    Unequipped,
)
from tasks.domain.events import (
    EnvironmentRestored,
    EnvironmentRollingBack,
    ReleaseRejected,
    UnitRollbackFailed,
    UnitRolledBack,
)
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Change, Plan
from tasks.domain.release import Baseline, Receipt
from tasks.domain.residual import differences_beyond, drift_beyond
from tasks.promotion import planning
from tasks.promotion.applying import pauses
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.executor import Executor, Verb

_T = TypeVar("_T")

KEPT = "kept as it is"
"""Prefix of the result of `restore` for a unit that was left in place."""

Destination = Receipt | Baseline | None
"""What a unit is rolled back to: an earlier apply, what existed before the first apply, or nothing."""


def roll_back(run: EnvironmentRun, why: str, executor: Executor, *, rejects: bool) -> RolledBack:
    """Roll back all attempted units and verify each. Returns the error to raise.

    Args:
        why: the cause, shown everywhere as the reason for the rollback.
        rejects: whether the release is rejected here; False when a run merely ended before it was done.

    Raises:
        RollbackFailed: a step was rejected; the environment is blocked.
        Interrupted: a tool did not respond within a unit's time limit.
    """
    rejects = rejects and not _reconciles(run)
    run.halted.set()
    run.record(EnvironmentRollingBack(release=run.release.id, why=why, rejects=rejects))
    run.log().warning("rolling back", what=why.splitlines()[0])
    attempted = run.state().attempt.units
    done = _restored(run, attempted, executor)
    _verified(run, attempted, executor)
    run.record(EnvironmentRestored(release=run.release.id))
    if rejects:
        reject(run, run.release.id, why)
    run.reporter.rolled_back(run, why, done)
    lines = "\n".join(f"  {unit}: {what}" for unit, what in done.items())
    verdict = f", and {run.release.id} is rejected there" if rejects else ""
    return RolledBack(f"{why}\n{run.environment.name} was rolled back{verdict}\n{lines}")


def reject(run: EnvironmentRun, release: str | None, why: str) -> None:
    """Record that a release is rejected here: it is promoted again only when forced. Does nothing for None."""
    if release is not None:
        run.record(ReleaseRejected(release=release, why=why))


def restore(run: EnvironmentRun, unit: str, kept: Sequence[str]) -> str:
    """Return one attempted unit to its state when the claim started.

    A unit that did not exist before is removed, unless a policy protects it or a unit in `kept` needs it.

    Args:
        kept: units that were left in place.

    Returns:
        What was done, in words.

    Raises:
        RollbackFailed: a step was rejected; the environment is blocked.
        Interrupted: the tool did not respond within the unit's time limit; `recover` continues.
    """
    to = _destination(run, unit)
    if to is None and _is_needed(run, unit, kept):
        return _keep(run, unit, f"needed by {', '.join(kept)}")
    with _blocking(run, unit, to):
        return _until_answered(run, unit, lambda: _restored_once(run, unit, to))


def verify(run: EnvironmentRun, unit: str) -> None:
    """Check with the unit's tool that it matches its earlier receipt; does nothing if there is none.

    A unit is rolled back while the units it needs are still on the failed release. Once they are rolled back it may
    have to follow them; it is then restored once more here.

    Raises:
        RollbackFailed: differences remain, or the tool rejected the check.
        Interrupted: the tool did not respond within the unit's time limit.
    """
    to = run.state().attempt.before.receipts.get(unit)
    if to is None:
        return
    with _blocking(run, unit, to):
        left = _until_answered(run, unit, lambda: differences(run, unit, to, follows=_may_follow(run, unit)))
        if not left:
            return
        _until_answered(run, unit, lambda: _restored_once(run, unit, to))
        left = _until_answered(run, unit, lambda: differences(run, unit, to))
        if left:
            raise Refused(f"the tool still finds differences: {', '.join(change.address for change in left)}")


RESTORE = Verb("roll back", restore)
VERIFY = Verb("verify", verify)


def _restored(run: EnvironmentRun, attempted: Sequence[str], executor: Executor) -> Mapping[str, str]:
    done: dict[str, str] = {}
    for unit in reversed(attempted):
        kept = [name for name, what in done.items() if what.startswith(KEPT)]
        done[unit] = executor.submit(RESTORE, run, unit, kept).result()
    return done


def _verified(run: EnvironmentRun, attempted: Sequence[str], executor: Executor) -> None:
    for unit in attempted:
        executor.submit(VERIFY, run, unit).result()


def _destination(run: EnvironmentRun, unit: str) -> Destination:
    found = run.state()
    return found.attempt.before.receipts.get(unit) or found.baselines.get(unit)


def _restored_once(run: EnvironmentRun, unit: str, to: Destination) -> str:
    """Plan the rollback and apply it; plan again once if a tool that outlived its run was still working."""
    for attempt in (1, 2):
        made, denials = _planned(run, unit, to)
        if made is None:
            return _keep(run, unit, f"{_described(to)} is left in place")
        if denials and to is None:
            return _keep(run, unit, denials[0])
        try:
            _carry_out(run, unit, to, made, denials)
            break
        except StalePlan:
            if attempt == 2:
                raise
    if to is None or made is None:
        return "removed: it did not exist before"
    return f"back on {_described(to)}: {wording.counts(made)}"


def _planned(run: EnvironmentRun, unit: str, to: Destination) -> tuple[Plan | None, list[str]]:
    """Return the rollback plan of a unit, and the messages of policies that deny it."""
    failed = run.workspace(run.target(unit))
    engine = run.engine(to.target if isinstance(to, Receipt) else failed.target)
    made = engine.plan_rollback(failed, to)
    if made is None:
        return None, []
    return made, [violation.message for violation in planning.violations(run, made, "rollback") if violation.denied]


def _carry_out(run: EnvironmentRun, unit: str, to: Destination, made: Plan, denials: Sequence[str]) -> None:
    if denials:
        raise Refused("; ".join(denials))
    _refuse_other_removals(run, unit, made)
    applied = run.engine(made.target).apply(made)
    if applied.outcome is Outcome.UNANSWERED:
        raise Unanswered(applied.detail)
    if applied.outcome is Outcome.FAILED:
        raise Refused(applied.detail)
    receipt = _received(to, made, applied) if isinstance(to, Receipt) else None
    run.restored[unit] = made.changes
    run.record(UnitRolledBack(**run.about(unit), receipt=receipt))
    run.log(unit).info("rolled back", what=wording.counts(made), to=_described(to))


def _received(to: Receipt, made: Plan, applied: Applied) -> Receipt:
    """Return the earlier receipt with the outputs of the rollback."""
    return replace(to, plan_digest=made.digest, outputs=applied.outputs, details=applied.details)


def _refuse_other_removals(run: EnvironmentRun, unit: str, made: Plan) -> None:
    """Refuse a plan that deletes or replaces what the release did not create."""
    others = made.removed_beyond(run.state().attempt.created.get(unit, frozenset()))
    if others:
        raise Refused(f"it would delete or replace what the release did not create: {', '.join(others)}")


def _may_follow(run: EnvironmentRun, unit: str) -> bool:
    """Tell whether a unit that it needs was rolled back after it, so that its desired state may have changed."""
    return not {*run.needs.get(unit, ())}.isdisjoint(run.state().attempt.units)


def differences(run: EnvironmentRun, unit: str, to: Receipt, *, follows: bool = False) -> tuple[Change, ...]:
    """Return what still differs; a change that every plan repeats was applied once and does not count.

    Args:
        to: the receipt that was rolled back to.
        follows: the desired state may have changed since, so that a change to another value than was applied counts.
    """
    left = differences_from(run, to, run.state().residual.get(unit, ()))
    beyond = drift_beyond if follows else differences_beyond
    return beyond(run.restored.get(unit, ()), left)


def differences_from(run: EnvironmentRun, to: Receipt, residual: Sequence[Change]) -> tuple[Change, ...]:
    """Return what a unit's tool finds different from its receipt, beyond the differences in `residual`.

    Args:
        residual: the differences that the unit had right after its apply.

    Raises:
        Refused: the tool does not say what differs.
        Unanswered: the tool does not respond, or the unit is not ready.
    """
    found = run.engine(to.target).verify()
    if found.pending:
        raise Unanswered(f"{to.target}: {found.detail or 'not ready yet'}")
    if found.outcome is Outcome.UNANSWERED:
        raise Unanswered(f"{to.target}: {found.detail}")
    if found.outcome is Outcome.SUCCEEDED:
        return ()
    if not found.differences:
        raise Refused(found.detail or "the tool does not find it as it was")
    return differences_beyond(residual, found.differences)


def _until_answered(run: EnvironmentRun, unit: str, attempt: Callable[[], _T]) -> _T:
    last, recover = "", f"flowmart recover {run.environment.name}"
    for _ in pauses(run, run.unit(unit).time_limit):
        try:
            return attempt()
        except Unequipped as error:
            missing = f"the rollback of {unit} cannot go on on this machine: {error}"
            raise Interrupted(f"{missing}\nCorrect that on this machine, and run `{recover}`") from error
        except Unanswered as error:
            last = str(error)
            run.log(unit).warning("no response", what=f"retrying: {last.splitlines()[0]}")
    raise Interrupted(
        f"the rollback of {unit} stopped without a response: {last}\nOnce it responds again, run `{recover}`"
    )


@contextmanager
def _blocking(run: EnvironmentRun, unit: str, to: Destination) -> Iterator[None]:
    """Record any error inside but a missing response: it blocks the environment until a person resolves it."""
    try:
        yield
    except (Unanswered, ClaimLost):
        raise
    except Exception as error:
        why = f"the rollback of {unit} to {_described(to)} failed: {error}"
        run.record(UnitRollbackFailed(**run.about(unit), why=why))
        kind = "" if isinstance(error, FlowmartError) else f" ({type(error).__name__})"
        raise RollbackFailed(f"{run.environment.name}: {why}{kind}") from error


def _described(to: Destination) -> str:
    if to is None:
        return "nothing"
    return to.target.release if isinstance(to, Receipt) else to.description


def _reconciles(run: EnvironmentRun) -> bool:
    """Tell whether the claim is for repairing drift: a failure then says nothing against the verified release."""
    claim = run.state().claim
    return claim is not None and claim.purpose == "reconcile"


def _is_needed(run: EnvironmentRun, unit: str, kept: Sequence[str]) -> bool:
    return any(unit in run.needs[name] for name in kept)


def _keep(run: EnvironmentRun, unit: str, why: str) -> str:
    receipt = run.state().receipts.get(unit)
    run.record(UnitRolledBack(**run.about(unit), receipt=receipt, kept=why))
    run.log(unit).warning("kept", what=why)
    return f"{KEPT}: {why}"
