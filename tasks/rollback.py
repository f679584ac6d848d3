"""The way back of one environment: put every attempted unit back, confirm it, mark the release rejected.

A rollback goes through the same policies as a promotion. What it may not delete stays, and is said to stay: a
database that the failed release made is not destroyed by automation. A rollback that fails is the loudest state
there is: it blocks the environment until a person has put it right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace

from tasks import wording
from tasks.errors import Refused, RollbackFailed
from tasks.model import Outcome, Receipt
from tasks.promotion import carry_out, findings, record, told_of
from tasks.stage import Stage

KEPT = "kept as it is"
"""How `roll_back` begins when it left a unit in place."""


def roll_back(stage: Stage, unit: str, kept: Sequence[str]) -> str:
    """Put one attempted unit back to what it was when the claim began; what was done, in words.

    A unit that did not exist before is removed, unless policy protects it or a unit in `kept` needs it: then it
    stays as it is. Raises `RollbackFailed`, after which the environment is blocked.
    """
    to = stage.standing().before.get(unit)
    if to is None and _is_needed(stage, unit, kept):
        return _keep(stage, unit, f"needed by {', '.join(kept)}")
    with _blocking(stage, unit, to):
        plan = stage.engine(unit).plan_rollback(stage.target(unit), to)
        denials = [finding.message for finding in findings(stage, plan, "rollback") if finding.denied]
        if denials and to is None:
            return _keep(stage, unit, denials[0])
        if denials:
            raise Refused("; ".join(denials))
        applied = carry_out(stage, plan)
        if applied.outcome is not Outcome.SUCCEEDED:
            raise Refused(applied.detail)
    receipt = replace(to, plan_digest=plan.digest, outputs=applied.outputs) if to else None
    record(stage, "rolled_back", stage.target(unit), receipt=asdict(receipt) if receipt else None)
    told_of(stage, unit).info("rolled back", what=wording.counts(plan), to=to.target.release if to else "nothing")
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
        engine.apply(engine.plan_rollback(stage.target(unit), to))
        if engine.verify(to.target) is not Outcome.SUCCEEDED:
            raise Refused("afterwards the tool still finds differences")


def conclude_rollback(stage: Stage, why: str) -> None:
    """All is back: mark the release rejected here."""
    reject(stage, stage.release.id, why, back_to=stage.standing().verified_before, put_back=True)


def reject(stage: Stage, release: str | None, why: str, back_to: str | None, *, put_back: bool = False) -> None:
    """A release is not good here: it is not promoted again unless somebody says so."""
    if release is not None:
        body = {"release": release, "why": why, "back_to": back_to, "put_back": put_back}
        stage.ledger.append(stage.environment.name, "rejected", body)


@contextmanager
def _blocking(stage: Stage, unit: str, to: Receipt | None) -> Iterator[None]:
    """Whatever goes wrong inside blocks the environment until a person resolves it."""
    try:
        yield
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
