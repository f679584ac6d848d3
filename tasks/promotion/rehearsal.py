"""Rehearse a rollback in a scratch environment: promote and roll back, by the operations that people use.

    earlier ─ promote ─▶ release ─ roll back ─▶ earlier ─ verify ─▶ evidence

Every step makes and closes its own claim of the scratch environment, so a killed run is recovered like any other. The
result is recorded in the ledger of the environment whose rollback is rehearsed. A rejected step is evidence too. A
step that got no response, or was refused before anything was tried, is not evidence. The scratch environment stays on
the earlier release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog

from tasks.domain.errors import (
    ApprovalWanted,
    EnvironmentBlocked,
    EnvironmentBusy,
    EnvironmentClosed,
    InvalidInput,
    Refused,
    RollbackFailed,
    RolledBack,
)
from tasks.domain.events import EnvironmentClaimed, PlanDenied, RollbackRehearsed, UnitApplying
from tasks.domain.events.claims import PROMOTE, ROLL_BACK
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Change
from tasks.domain.rehearsal import RehearsedUnit, UnitResult
from tasks.ledger.entries import Entry
from tasks.ledger.rehearsals import sentence
from tasks.ledger.state import EnvironmentState, RecordedRehearsal
from tasks.promotion import operations, rehearsal_pairs, rollback
from tasks.promotion.approval_requests import Request
from tasks.promotion.environment_run import EnvironmentRun, opened
from tasks.promotion.executor import Executor, Verb, errors
from tasks.promotion.gate import Consent
from tasks.promotion.promotion import stop
from tasks.promotion.rehearsal_pairs import Pair
from tasks.promotion.rehearsal_results import Watching, expected, results
from tasks.promotion.runtime import Runtime

log = structlog.get_logger("flowmart.rehearsal")


def verify(run: EnvironmentRun, unit: str, residual: Sequence[Change]) -> tuple[str, ...]:
    """Return what the unit's tool finds different from its receipt: addresses, or the tool's own words.

    Args:
        unit: the unit's name.
        residual: the differences that the unit had before it was rolled back.
    """
    receipt = run.state().receipts.get(unit)
    if receipt is None:
        return ("nothing is applied",)
    with run.turn(unit):
        try:
            return tuple(change.address for change in rollback.differences_from(run, receipt, residual))
        except Refused as error:
            return (str(error),)


VERIFY = Verb("verify rehearsal", verify, reads=True)


def rehearse(runtime: Runtime, executor: Executor, environment: str, release: str | None = None) -> RecordedRehearsal:
    """Rehearse a rollback of an environment, and record the result in that environment's ledger.

    Args:
        environment: the environment whose rollback is rehearsed.
        release: the release to roll back from; the rehearsal returns to the one that is in the environment. None:
            take the release that comes next or, if there is none, the current one, and return to the one before.

    Returns:
        The recorded rehearsal.

    Raises:
        NothingToRehearse: there is no earlier release.
        InvalidInput: the environment declares no rehearsal, or the releases cannot be rehearsed there; nothing is
            recorded.
        Refused: a step was rejected, or the rollback left differences; that is recorded. Nothing is recorded if the
            scratch environment is in use, or nothing could be tried there.
        Unanswered: a dependency did not respond; nothing is recorded.
    """
    pair = rehearsal_pairs.chosen(runtime, environment, release)
    log.info("rehearsing", environment=environment, what=str(pair))
    watching = Watching(runtime.reporter)
    here = _Rehearsing(replace(runtime, rehearses=environment, reporter=watching), executor, pair)
    left = here.state()
    with _evidence(runtime, pair, "promoting the earlier release"):
        here.promote(pair.earlier.id)
    residual = expected(left, here.state(), runtime.history.state(environment).rehearsals)
    with _evidence(runtime, pair, "promoting the release"), watching.noting():
        here.promote(pair.release.id)
    with _evidence(runtime, pair, "rolling back"):
        here.roll_back()
    units = here.units(watching, residual)
    _refuse_disturbed(runtime, pair, left.number)
    return _concluded(runtime, pair, units)


@dataclass(frozen=True)
class _Rehearsing:
    """The steps in the scratch environment."""

    runtime: Runtime
    executor: Executor
    pair: Pair

    def state(self) -> EnvironmentState:
        """Return the state of the scratch environment."""
        return self.runtime.ledger().state(self.pair.scratch)

    def promote(self, release: str) -> None:
        """Promote a release even if an earlier rehearsal rejected it, and over manual changes."""
        consent = Consent(accept_drift=f"a rollback of {self.pair.environment} is rehearsed here")
        _refuse_waiting(
            operations.promote(self.runtime, self.executor, release, self.pair.scratch, force=True, consent=consent)
        )

    def roll_back(self) -> None:
        """Return to the earlier release, as a person would."""
        done = operations.roll_back(self.runtime, self.executor, self.pair.scratch)
        _refuse_waiting(done)
        if done != self.pair.earlier.id:
            raise EnvironmentBusy(f"{self.pair.scratch}: another run worked there; rehearse again")

    def units(self, watching: Watching, residual: Mapping[str, Sequence[Change]]) -> tuple[RehearsedUnit, ...]:
        """Verify every unit of the scratch environment with its own tool, and return the result for each unit."""
        with opened(self.runtime, self.pair.earlier.id, self.pair.scratch) as run:
            steps = {unit: self.executor.submit(VERIFY, run, unit, residual.get(unit, ())) for unit in run.units}
            stop(errors([*steps.values()]))
            differences = {unit: found for unit, step in steps.items() if (found := step.result())}
        return results(self.pair, watching.plans, differences, self._omitted())

    def _omitted(self) -> dict[str, str]:
        """Return {unit: why it was omitted}."""
        known, pair = self.state().past.omitted, self.pair
        omitted = (each for release in (pair.earlier.id, pair.release.id) for each in known.get(release, ()))
        return {unit: each.why for each in omitted for unit in each.units}


@contextmanager
def _evidence(runtime: Runtime, pair: Pair, step: str) -> Iterator[None]:
    """Record a step that is rejected; a failure before it was tried, such as missing credentials, is not."""
    before = runtime.ledger().state(pair.scratch).number
    try:
        yield
    except (EnvironmentBusy, EnvironmentBlocked, EnvironmentClosed, ApprovalWanted):
        raise
    except (Refused, RollbackFailed) as error:
        if isinstance(error, RolledBack | RollbackFailed) or _is_tried(runtime, pair, before):
            _record(runtime, pair, Outcome.FAILED, f"{step}: {error}")
        raise


def _is_tried(runtime: Runtime, pair: Pair, before: int) -> bool:
    """Tell whether a unit was denied or attempted in the scratch environment after that entry."""
    return any(isinstance(entry.event, PlanDenied | UnitApplying) for entry in _since(runtime, pair, before))


def _concluded(runtime: Runtime, pair: Pair, units: Sequence[RehearsedUnit]) -> RecordedRehearsal:
    """Record the rehearsal and return it; `Refused` if the rollback left differences."""
    if all(unit.result is UnitResult.NOT_REHEARSED for unit in units):
        listed = "; ".join(map(str, units))
        raise InvalidInput(
            f"{pair.environment}: nothing was rehearsed in {pair.scratch}, and nothing is recorded: {listed}"
        )
    different = [str(unit) for unit in units if unit.result is UnitResult.DIFFERS]
    if not different:
        return _record(runtime, pair, Outcome.SUCCEEDED, "", units)
    why = f"the rollback left differences: {'; '.join(different)}"
    _record(runtime, pair, Outcome.FAILED, why, units)
    raise Refused(f"{pair.environment}: {why}\nLook at {pair.scratch}, fix the release, then rehearse again")


def _record(
    runtime: Runtime, pair: Pair, outcome: Outcome, why: str, units: Sequence[RehearsedUnit] = ()
) -> RecordedRehearsal:
    event = RollbackRehearsed(
        release=pair.release.id,
        release_digest=pair.release.digest,
        earlier=pair.earlier.id,
        earlier_digest=pair.earlier.digest,
        rehearsed_in=pair.scratch,
        outcome=outcome,
        why=why,
        units=tuple(units),
    )
    entry = runtime.ledger().append(pair.environment, event)
    made = RecordedRehearsal(entry.at, event)
    log.info("rehearsed", environment=pair.environment, what=sentence(made))
    runtime.reporter.rehearsed(pair.environment, made)
    return made


def _refuse_waiting(done: object) -> None:
    if isinstance(done, Request):
        reason = f"{done.environment} waits for an approval of {done.short}, so nothing was rehearsed"
        raise EnvironmentClosed(f"{reason}; write `gate: never` there, in both releases")


def _refuse_disturbed(runtime: Runtime, pair: Pair, first: int) -> None:
    """Raise `EnvironmentBusy` if another run claimed the scratch environment during the rehearsal."""
    ours = [(PROMOTE, pair.earlier.id), (PROMOTE, pair.release.id), (ROLL_BACK, pair.earlier.id)]
    if _claims(_since(runtime, pair, first)) != ours:
        raise EnvironmentBusy(f"{pair.scratch}: another run worked there during the rehearsal; rehearse again")


def _since(runtime: Runtime, pair: Pair, number: int) -> Sequence[Entry]:
    """Return the entries of the scratch environment after that number."""
    ledger = runtime.ledger()
    return ledger.newest(pair.scratch, ledger.state(pair.scratch).number - number)


def _claims(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    events = (entry.event for entry in entries)
    return [(event.purpose, event.release) for event in events if isinstance(event, EnvironmentClaimed)]
