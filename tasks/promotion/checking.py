"""Run the smoke checks of a unit right after its apply, then record its residual differences."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from tasks.checks import running
from tasks.checks.answers import Surroundings
from tasks.domain import wording
from tasks.domain.errors import FlowmartError, Refused, Unanswered
from tasks.domain.events import UnitSettled, UnitSmoked
from tasks.domain.outcome import CheckResult, Outcome, overall
from tasks.domain.platform import Check
from tasks.domain.release import Receipt
from tasks.promotion.environment_run import EnvironmentRun


def check(run: EnvironmentRun, unit: str, receipt: Receipt | None) -> tuple[CheckResult, ...]:
    """Run all smoke checks of a unit at the same time; all but `helm-test` use read-only credentials.

    Args:
        receipt: the unit's receipt; None if the unit is up to date.

    Returns:
        The results in declared order; empty without a receipt.

    Raises:
        Refused: a check failed.
        Unanswered: a check did not respond.
    """
    if receipt is None:
        return ()
    with run.turn(unit):
        results = _asked(run, receipt)
    run.reporter.checked(receipt.target, results)
    outcome = overall(result.outcome for result in results)
    run.record(UnitSmoked(**run.about(unit), outcome=outcome, results=results))
    bad = [result for result in results if result.outcome is outcome]
    lines = "\n".join(f"  {result.name}: expected {result.expected}, found {result.found}" for result in bad)
    if outcome is Outcome.FAILED:
        run.halted.set()
        run.log(unit).error("smoke FAILED", what="; ".join(result.name for result in bad))
        raise Refused(f"{receipt.target}: smoke check failed\n{lines}")
    if outcome is Outcome.UNANSWERED:
        name = receipt.target.environment
        todo = f"Promote again, or run `flowmart rollback {name}`"
        raise Unanswered(f"{receipt.target}: a smoke check did not respond\n{lines}\n{todo}")
    if results:
        run.log(unit).info("smoke passed", what=wording.number(len(results), "check"))
    return results


def settle(run: EnvironmentRun, unit: str, receipt: Receipt | None) -> None:
    """Record what the tool reports as different right after the apply, so that it does not count as drift later.

    If the tool does not respond, nothing is recorded: the next drift report may then show more than it should.
    """
    if receipt is None:
        return
    try:
        with run.turn(unit):
            residual = run.engine(receipt.target).settle(receipt)
    except FlowmartError as error:
        run.log(unit).warning("not settled", why=str(error))
        return
    if residual or unit in run.state().residual:
        run.record(UnitSettled(**run.about(unit), residual=residual))


def prepare_clients(run: EnvironmentRun) -> None:
    """Create the clients for smoke checks in a thread while the first units are applied: it takes up to 0.6 s."""

    def reach() -> None:
        # Nothing depends on this: the same error is raised again where the client is used.
        with suppress(FlowmartError):
            for unit in run.units:
                for service in running.services(run.unit(unit).checks):
                    run.runtime.access.client(service, run.environment_of(unit))

    threading.Thread(target=reach, daemon=True).start()


def _asked(run: EnvironmentRun, receipt: Receipt) -> tuple[CheckResult, ...]:
    declared = run.unit(receipt.target.unit).checks
    if not declared:
        return ()
    environment = run.environment_of(receipt.target.unit, receipt.target.release)
    around = Surroundings(
        client=lambda service: run.runtime.access.client(service, environment),
        outputs=receipt.outputs,
        folder=run.checkout(receipt.target.release).infrastructure,
        variables=run.runtime.access.reading(environment),
        processes=run.processes,
        prometheus=partial(run.runtime.prometheus, environment),
        writing=lambda: run.runtime.access.writing(environment),
        helm=lambda: run.runtime.executable("helm"),
    )
    within = max(check.within for check in declared)
    run.log(receipt.target.unit).info(
        "checking", what=f"{wording.number(len(declared), 'check')}, for up to {within:g} s"
    )
    with ThreadPoolExecutor(max_workers=len(declared)) as pool:
        return tuple(pool.map(lambda one: _one(run, one, around), declared))


def _one(run: EnvironmentRun, one: Check, around: Surroundings) -> CheckResult:
    return running.run(one, around, sleep=run.clock.sleep, clock=run.clock.monotonic)
