"""The way back of one environment: put every attempted unit back, confirm it, mark the release rejected.

A rollback goes through the same policies as a promotion. What it may not delete stays, and is said to stay: a
database that the failed release made is not destroyed by automation. A rollback that fails is the loudest state
there is: it blocks the environment until a person has put it right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import structlog

from tasks.domain import wording
from tasks.domain.errors import Refused, RollbackFailed, StalePlan, Unanswered
from tasks.domain.events import (
    EnvironmentRestored,
    EnvironmentRollingBack,
    ReleaseRejected,
    UnitRollbackFailed,
    UnitRolledBack,
)
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Plan
from tasks.domain.release import Receipt
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.verbs import findings, record, told_of

log = structlog.get_logger("flowmart.rollback")

KEPT = "kept as it is"
"""How `roll_back` begins when it left a unit in place."""


def begin(run: EnvironmentRun, why: str) -> None:
    """Record that the way back begins: until it has ended, the claim stays open for whoever finds it."""
    run.halted.set()
    run.ledger.append(run.environment.name, EnvironmentRollingBack(release=run.release.id, why=why))
    log.warning("rolling back", environment=run.environment.name, what=why.splitlines()[0])


def roll_back(run: EnvironmentRun, unit: str, kept: Sequence[str]) -> str:
    """Put one attempted unit back to what it was when the claim began; what was done, in words.

    A unit that did not exist before is removed, unless policy protects it or a unit in `kept` needs it: then it
    stays as it is. `RollbackFailed` blocks the environment; `Unanswered` leaves the way back to the next run.
    """
    to = run.state().before.get(unit)
    if to is None and _is_needed(run, unit, kept):
        return _keep(run, unit, f"needed by {', '.join(kept)}")
    with _blocking(run, unit, to):
        plan, denials = _planned(run, unit, to)
        if denials and to is None:
            return _keep(run, unit, denials[0])
        try:
            _carry_out(run, unit, to, plan, denials)
        except StalePlan:
            # A tool that outlived its run was still at work while we planned; now it has ended.
            _carry_out(run, unit, to, *_planned(run, unit, to))
    return f"back on {to.target.release}: {wording.counts(plan)}" if to else "removed: it did not exist before"


def confirm(run: EnvironmentRun, unit: str) -> None:
    """After everything was put back: the tool itself finds the unit as its receipt says, or `RollbackFailed`.

    A unit is put back while those it needs are still on the failed release. Once they are back too it may have
    to follow them, which is what is done here.
    """
    to = run.state().before.get(unit)
    if to is None:
        return
    engine = run.engine(to.target)
    with _blocking(run, unit, to):
        if engine.verify().outcome is Outcome.SUCCEEDED:
            return
        _carry_out(run, unit, to, *_planned(run, unit, to))
        if engine.verify().outcome is not Outcome.SUCCEEDED:
            raise Refused("afterwards the tool still finds differences")


def conclude_rollback(run: EnvironmentRun, why: str | None) -> None:
    """All is back. With a `why`, the release is rejected here; without one it was only interrupted."""
    run.ledger.append(run.environment.name, EnvironmentRestored(release=run.release.id))
    if why is not None:
        reject(run, run.release.id, why)


def reject(run: EnvironmentRun, release: str | None, why: str) -> None:
    """A release is not good here: it is not promoted again unless somebody says so."""
    if release is not None:
        run.ledger.append(run.environment.name, ReleaseRejected(release=release, why=why))


def _planned(run: EnvironmentRun, unit: str, to: Receipt | None) -> tuple[Plan, list[str]]:
    """The way back of a unit, and what policies have against it."""
    failed = run.workspace(run.target(unit))
    plan = run.engine(to.target if to else failed.target).plan_rollback(failed, to)
    if plan is None:
        raise Refused(f"{failed.target}: it existed before and the tool cannot return to that version")
    return plan, [finding.message for finding in findings(run, plan, "rollback") if finding.denied]


def _carry_out(run: EnvironmentRun, unit: str, to: Receipt | None, plan: Plan, denials: Sequence[str]) -> None:
    if denials:
        raise Refused("; ".join(denials))
    applied = run.engine(plan.target).apply(plan)
    if applied.outcome is not Outcome.SUCCEEDED:
        raise Refused(applied.detail)
    receipt = replace(to, plan_digest=plan.digest, outputs=applied.outputs) if to else None
    record(run, run.target(unit), UnitRolledBack, receipt=receipt)
    told_of(run, unit).info("rolled back", what=wording.counts(plan), to=to.target.release if to else "nothing")


@contextmanager
def _blocking(run: EnvironmentRun, unit: str, to: Receipt | None) -> Iterator[None]:
    """A no inside blocks the environment until a person resolves it; no answer leaves the way back open."""
    try:
        yield
    except Unanswered:
        raise
    except Exception as error:
        why = f"the rollback of {unit} to {to.target.release if to else 'nothing'} failed: {error}"
        record(run, run.target(unit), UnitRollbackFailed, why=why)
        raise RollbackFailed(f"{run.environment.name}: {why}") from error


def _is_needed(run: EnvironmentRun, unit: str, kept: Sequence[str]) -> bool:
    return any(unit in run.unit(name).needs for name in kept)


def _keep(run: EnvironmentRun, unit: str, why: str) -> str:
    receipt = run.state().receipts.get(unit)
    record(run, run.target(unit), UnitRolledBack, receipt=receipt, kept=why)
    told_of(run, unit).warning("kept", what=why)
    return f"{KEPT}: {why}"
