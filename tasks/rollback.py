"""The way back of one environment: put every attempted unit back, confirm it, mark the release rejected.

A rollback goes through the same policies as a promotion. What it may not delete stays, and is said to stay: a
database that the failed release made is not destroyed by automation. A rollback that fails is the loudest state
there is: it blocks the environment until a person has put it right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace

import structlog

from tasks import wording
from tasks.errors import CouldNotAsk, Refused, RollbackFailed, StalePlan
from tasks.model import Outcome, Plan, Receipt
from tasks.promotion import findings, record, told_of
from tasks.stage import Stage

log = structlog.get_logger("flowmart.rollback")

KEPT = "kept as it is"
"""How `roll_back` begins when it left a unit in place."""


def begin(stage: Stage, why: str) -> None:
    """Record that the way back begins: until it has ended, the claim stays open for whoever finds it."""
    stage.halted.set()
    stage.ledger.append(stage.environment.name, "rolling_back", {"release": stage.release.id, "why": why})
    log.warning("rolling back", environment=stage.environment.name, what=why.splitlines()[0])


def roll_back(stage: Stage, unit: str, kept: Sequence[str]) -> str:
    """Put one attempted unit back to what it was when the claim began; what was done, in words.

    A unit that did not exist before is removed, unless policy protects it or a unit in `kept` needs it: then it
    stays as it is. `RollbackFailed` blocks the environment; `CouldNotAsk` leaves the way back to the next run.
    """
    to = stage.standing().before.get(unit)
    if to is None and _is_needed(stage, unit, kept):
        return _keep(stage, unit, f"needed by {', '.join(kept)}")
    with _blocking(stage, unit, to):
        plan, denials = _planned(stage, unit, to)
        if denials and to is None:
            return _keep(stage, unit, denials[0])
        try:
            _carry_out(stage, unit, to, plan, denials)
        except StalePlan:
            # A tool that outlived its run was still at work while we planned; now it has ended.
            _carry_out(stage, unit, to, *_planned(stage, unit, to))
    return f"back on {to.target.release}: {wording.counts(plan)}" if to else "removed: it did not exist before"


def confirm(stage: Stage, unit: str) -> None:
    """After everything was put back: the tool itself finds the unit as its receipt says, or `RollbackFailed`.

    A unit is put back while those it needs are still on the failed release. Once they are back too it may have
    to follow them, which is what is done here.
    """
    to = stage.standing().before.get(unit)
    if to is None:
        return
    engine = stage.engine(unit)
    with _blocking(stage, unit, to):
        if engine.verify(to.target) is Outcome.SUCCEEDED:
            return
        _carry_out(stage, unit, to, *_planned(stage, unit, to))
        if engine.verify(to.target) is not Outcome.SUCCEEDED:
            raise Refused("afterwards the tool still finds differences")


def conclude_rollback(stage: Stage, why: str | None) -> None:
    """All is back. With a `why`, the release is rejected here; without one it was only interrupted."""
    stage.ledger.append(stage.environment.name, "put_back", {"release": stage.release.id})
    if why is not None:
        reject(stage, stage.release.id, why)


def reject(stage: Stage, release: str | None, why: str) -> None:
    """A release is not good here: it is not promoted again unless somebody says so."""
    if release is not None:
        stage.ledger.append(stage.environment.name, "rejected", {"release": release, "why": why})


def _planned(stage: Stage, unit: str, to: Receipt | None) -> tuple[Plan, list[str]]:
    """The way back of a unit, and what policies have against it."""
    plan = stage.engine(unit).plan_rollback(stage.target(unit), to)
    return plan, [finding.message for finding in findings(stage, plan, "rollback") if finding.denied]


def _carry_out(stage: Stage, unit: str, to: Receipt | None, plan: Plan, denials: Sequence[str]) -> None:
    if denials:
        raise Refused("; ".join(denials))
    applied = stage.engine(unit).apply(plan)
    if applied.outcome is not Outcome.SUCCEEDED:
        raise Refused(applied.detail)
    receipt = replace(to, plan_digest=plan.digest, outputs=applied.outputs) if to else None
    record(stage, "rolled_back", stage.target(unit), receipt=asdict(receipt) if receipt else None)
    told_of(stage, unit).info("rolled back", what=wording.counts(plan), to=to.target.release if to else "nothing")


@contextmanager
def _blocking(stage: Stage, unit: str, to: Receipt | None) -> Iterator[None]:
    """A no inside blocks the environment until a person resolves it; no answer leaves the way back open."""
    try:
        yield
    except CouldNotAsk:
        raise
    except Exception as error:
        why = f"the rollback of {unit} to {to.target.release if to else 'nothing'} failed: {error}"
        record(stage, "rollback_failed", stage.target(unit), why=why)
        raise RollbackFailed(f"{stage.environment.name}: {why}") from error


def _is_needed(stage: Stage, unit: str, kept: Sequence[str]) -> bool:
    return any(unit in stage.unit(name).needs for name in kept)


def _keep(stage: Stage, unit: str, why: str) -> str:
    receipt = stage.standing().receipts.get(unit)
    record(stage, "rolled_back", stage.target(unit), receipt=asdict(receipt) if receipt else None, kept=why)
    told_of(stage, unit).warning("kept", what=why)
    return f"{KEPT}: {why}"
