"""Rolling an environment back: every attempted unit, in reverse order, then each is verified by its own tool.

A rollback plan goes through the same policies as a promotion, and deletes only what the release created: anything
more blocks the environment for a person. What existed before our first apply is returned to or left as it is, never
removed. No answer is retried with backoff within the unit's time limit, then the environment is `interrupted` and
`recover` goes on. A rejected rollback step blocks the environment until a person has resolved it.
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
"""How the result of `restore` begins for a unit that was left in place."""

Destination = Receipt | Baseline | None
"""Where a unit goes back to: what was applied before, what existed before our first apply, or nothing at all."""


def roll_back(run: EnvironmentRun, why: str, executor: Executor, *, rejects: bool) -> RolledBack:
    """Roll back all attempted units and verify each. Returns the error to raise.

    Args:
        why: the cause, which is shown everywhere as the reason for the rollback.
        rejects: whether the release is rejected here. It is not when a run merely ended before it was done.
    """
    rejects = rejects and not _reconciles(run)
    run.halted.set()
    run.record(EnvironmentRollingBack(release=run.release.id, why=why, rejects=rejects))
    run.log().warning("rolling back", what=why.splitlines()[0])
    attempted = run.state().attempted
    done = _restored(run, attempted, executor)
    _verified(run, attempted, executor)
    run.record(EnvironmentRestored(release=run.release.id))
    if rejects:
        reject(run, run.release.id, why)
    run.reporter.rolled_back(run, why, done)
    told = "\n".join(f"  {unit}: {what}" for unit, what in done.items())
    verdict = f", and {run.release.id} is rejected there" if rejects else ""
    return RolledBack(f"{why}\n{run.environment.name} was rolled back{verdict}\n{told}")


def reject(run: EnvironmentRun, release: str | None, why: str) -> None:
    """A release is not good here: it is not promoted again unless somebody insists."""
    if release is not None:
        run.record(ReleaseRejected(release=release, why=why))


def restore(run: EnvironmentRun, unit: str, kept: Sequence[str]) -> str:
    """Return one attempted unit to what it was when the claim began; what was done, in words.

    A unit that did not exist before is removed, unless policy protects it or a unit in `kept` needs it.

    Raises:
        RollbackFailed: a step was rejected; the environment is blocked.
        Interrupted: no answer within the unit's time limit; `recover` goes on.
    """
    to = _destination(run, unit)
    if to is None and _is_needed(run, unit, kept):
        return _keep(run, unit, f"needed by {', '.join(kept)}")
    with _blocking(run, unit, to):
        return _until_answered(run, unit, lambda: _restored_once(run, unit, to))


def verify(run: EnvironmentRun, unit: str) -> None:
    """The tool itself finds the unit as its receipt says, or `RollbackFailed`.

    A unit is rolled back while those it needs are still on the failed release. Once they are back too it may have to
    follow them, which is done here.
    """
    to = run.state().before.get(unit)
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
    return found.before.get(unit) or found.baselines.get(unit)


def _restored_once(run: EnvironmentRun, unit: str, to: Destination) -> str:
    """Plan the rollback and apply it; planned again when a tool that outlived its run was still at work."""
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
    """The rollback plan of a unit, and what policies have against it."""
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
    """The receipt of a rollback to an earlier one."""
    return replace(to, plan_digest=made.digest, outputs=applied.outputs, details=applied.details)


def _refuse_other_removals(run: EnvironmentRun, unit: str, made: Plan) -> None:
    """A rollback deletes or replaces only what the release created."""
    others = made.removed_beyond(run.state().created.get(unit, frozenset()))
    if others:
        raise Refused(f"it would delete or replace what the release did not create: {', '.join(others)}")


def _may_follow(run: EnvironmentRun, unit: str) -> bool:
    """Whether a unit that it needs was rolled back after it, which may have changed what it is to be."""
    return not {*run.needs.get(unit, ())}.isdisjoint(run.state().attempted)


def differences(run: EnvironmentRun, unit: str, to: Receipt, *, follows: bool = False) -> tuple[Change, ...]:
    """What is still not as it was. A change that comes back with every plan has been applied once: it is none.

    Args:
        follows: what the unit is to be may have changed since, so a change to another value than was applied is one.
    """
    left = differences_from(run, to, run.state().residual.get(unit, ()))
    beyond = drift_beyond if follows else differences_beyond
    return beyond(run.restored.get(unit, ()), left)


def differences_from(run: EnvironmentRun, to: Receipt, residual: Sequence[Change]) -> tuple[Change, ...]:
    """What a unit's tool finds that is not as the unit's receipt says, beyond the differences that it always had.

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
    told = ""
    for _ in pauses(run, run.unit(unit).time_limit):
        try:
            return attempt()
        except Unanswered as error:
            told = str(error)
            run.log(unit).warning("no response", what=f"retrying: {told.splitlines()[0]}")
    recover = f"flowmart recover {run.environment.name}"
    raise Interrupted(
        f"the rollback of {unit} stopped without a response: {told}\nOnce it responds again, run `{recover}`"
    )


@contextmanager
def _blocking(run: EnvironmentRun, unit: str, to: Destination) -> Iterator[None]:
    """A rejection inside blocks the environment until a person resolves it; no answer leaves it to `recover`."""
    try:
        yield
    except (Unanswered, ClaimLost):
        raise
    except Unequipped as error:
        recover = f"flowmart recover {run.environment.name}"
        raise Interrupted(
            f"the rollback of {unit} cannot go on on this machine: {error}\nInstall that, and run `{recover}`"
        ) from error
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
    """Whether the claim is for repairing drift: what fails then says nothing against the verified release."""
    claim = run.state().claim
    return claim is not None and claim.purpose == "reconcile"


def _is_needed(run: EnvironmentRun, unit: str, kept: Sequence[str]) -> bool:
    return any(unit in run.needs[name] for name in kept)


def _keep(run: EnvironmentRun, unit: str, why: str) -> str:
    receipt = run.state().receipts.get(unit)
    run.record(UnitRolledBack(**run.about(unit), receipt=receipt, kept=why))
    run.log(unit).warning("kept", what=why)
    return f"{KEPT}: {why}"
