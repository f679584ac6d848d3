"""Promote one release in one environment: plan, test, gate, apply, check and, on rejection, roll back.

    plan ─ test ┐         all units at the same time, with the inputs known so far
    plan ─ test ┼─ gate ─ apply ─ check ┐                     a unit starts when the units it needs have passed
    plan ─ test ┘                       └ (plan ─ test) ─ apply ─ check    planned again if those changed

Nothing is changed before every plan has passed its test. When an apply or a check is rejected, no further unit
starts, running tools finish, and every attempted unit is rolled back in reverse order. If a dependency does not
respond, nothing is rolled back: the run stops, or leaves the environment `interrupted` for `recover`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.domain.errors import (
    NO_VERDICT,
    ClaimLost,
    Inconclusive,
    Interrupted,
    Refused,
    RollbackFailed,
    Unanswered,
)
from tasks.domain.events import EnvironmentInterrupted, ReleaseVerified
from tasks.ledger.state import renamed
from tasks.promotion import analysing, applying, checking, gate, incidents, omissions, planning
from tasks.promotion.analysing import Analyses
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.executor import Executor, KnownStep, Step, Verb, errors, raise_mistakes
from tasks.promotion.gate import Consent, Purpose
from tasks.promotion.planning import NotPlanned, Planned
from tasks.promotion.rollback import roll_back
from tasks.promotion.under_way import AWAITS

PLAN = Verb("plan", planning.plan, reads=True)
TEST = Verb("test", planning.test)
APPLY = Verb("apply", applying.apply)
CHECK = Verb("smoke", checking.check, reads=True)
SETTLE = Verb("settle", checking.settle)
ANALYSE = Verb("analyse", analysing.analyse)


def promote(
    run: EnvironmentRun,
    executor: Executor,
    purpose: Purpose = "promote",
    consent: Consent = Consent(),  # noqa: B008
) -> None:
    """Promote the run's release: plan, test, pass the gate, apply, check, and verify or roll back.

    Args:
        run: the environment and the release to promote.
        executor: runs the verbs.
        purpose: what the run is for; a rollback or a reconciliation skips some conditions of the gate.
        consent: what the person who started the run declared.

    Raises:
        ApprovalWanted: nothing was changed; a person has to approve the plan set.
        Refused: the release was rejected before anything was changed.
        RolledBack: the release was rejected later, and everything it changed was rolled back.
        Unanswered: a dependency did not respond; `Interrupted` when an apply may be partly done.
        PromotionPaused: an analysis is inconclusive, and a person has to decide.
    """
    planned, tested = plan_and_test(run, executor)
    stop(errors([*planned.values(), *tested.values()]))
    plans = {unit: step.result() for unit, step in planned.items()}
    violations = [violation for step in tested.values() for violation in step.result()]
    plan_set = planning.plan_set(run, plans)
    if purpose == "promote":
        omissions.note(run)
        incidents.refuse_unmeasurable(run, plan_set, consent.into_incident)
    gate.pass_through(run, plan_set, violations, consent, purpose)
    moving = planning.moving(run, plans)
    run.reporter.unchanged(run, [unit for unit in run.units if _stays(run, unit, plans, moving)])
    checking.prepare_clients(run)
    analyses = Analyses(run)
    with analysing.watched(analyses):
        raised = errors(_apply_and_check(run, executor, plans, planned, tested, moving, analyses))
    settle(run, executor, [*raised, *analyses.errors] if raised else analyses.finish())


def plan_and_test(run: EnvironmentRun, executor: Executor) -> tuple[dict[str, Step], dict[str, Step]]:
    """Plan and test all units at the same time, with the inputs known so far.

    A unit whose inputs name other units is planned after them. No step is started for a unit that is known to be up
    to date: of hundreds of units, most are.

    Returns:
        Two dictionaries: {unit: its plan step} and {unit: its test step}.
    """
    unchanged = planning.unchanged(run)
    planned: dict[str, Step] = {}
    run.together = planning.expected(run)
    for unit in run.units:
        if unit in unchanged:
            planned[unit] = KnownStep(NotPlanned(unit, planning.UP_TO_DATE))
            continue
        sources = {name: planned[name] for name in sorted(run.sources(unit))}
        planned[unit] = executor.submit(PLAN, run, unit, sources, after=tuple(sources.values()))
    tested = {unit: executor.submit(TEST, run, unit, planned[unit]) for unit in run.units if unit not in unchanged}
    return planned, {unit: tested.get(unit, KnownStep(())) for unit in run.units}


def settle(run: EnvironmentRun, executor: Executor, raised: Sequence[Exception]) -> None:
    """Verify the release if nothing failed, or else roll back, stop or pause.

    Args:
        raised: the errors of all steps and analyses.

    Raises:
        RolledBack: something was rejected after an apply had started.
        Interrupted: a dependency did not respond during an apply; the units stay as they are for `recover`.
        PromotionPaused: analyses are inconclusive.
        Refused: a step was rejected before any apply started, or the ledger does not know all units as good.
        Unanswered: a dependency did not respond, and no apply is in doubt.
    """
    raise_mistakes(raised)
    _raise_lost(raised)
    rejections = [error for error in raised if not isinstance(error, (*NO_VERDICT, applying.Halted, Inconclusive))]
    if rejections and (run.state().attempt.units or run.halted.is_set()):
        raise roll_back(run, cause(rejections), executor, rejects=True)
    interrupted = [error for error in raised if isinstance(error, Interrupted)]
    if interrupted:
        why = cause(interrupted)
        run.record(EnvironmentInterrupted(release=run.release.id, units=run.state().attempt.units, why=why))
        raise Interrupted(
            f"{why}\nNothing was rolled back. Once it responds again, run `flowmart recover {_name(run)}`"
        )
    stop([error for error in raised if not isinstance(error, Inconclusive)])
    if open_questions := {error.subject: error for error in raised if isinstance(error, Inconclusive)}:
        raise analysing.pause(run, [*open_questions.values()])
    verify(run)


def _raise_lost(raised: Sequence[Exception]) -> None:
    """Raise a `ClaimLost` among the errors: the other errors follow from it, since the run's tools were stopped."""
    for error in raised:
        if isinstance(error, ClaimLost):
            raise error


def verify(run: EnvironmentRun) -> None:
    """Record that the release is verified here, so that the next environments may start.

    Raises:
        Refused: according to the ledger, some units are not applied or their checks have not passed.
    """
    found = run.state()
    missing = [unit for unit in run.units if not planning.is_good(run, unit, found)]
    if missing:
        raise Refused(f"{_name(run)}: no checks have passed on {', '.join(missing)}; promote again")
    declared = {*run.units, *run.omitted}
    for unit in found.receipts.keys() - declared:
        if other := renamed(found, unit, declared):
            run.log(unit).info("renamed", what=f"its state is that of {other} now; remove nothing")
        else:
            run.log(unit).warning("left behind", what="no longer declared; it stays until it is removed by hand")
    run.record(ReleaseVerified(release=run.release.id, rules=gate.rules_of(run.environment)))
    run.log().info("verified")
    run.reporter.verified(run)


def stop(raised: Sequence[Exception]) -> None:
    """Raise the one error that sums up all of these, as `amount_of` finds it. Return if there are none."""
    if raised:
        raise amount_of(raised)


def amount_of(raised: Sequence[Exception], more: str = "") -> Exception:
    """Return the one error that sums up several; raise a bug as it is.

    Args:
        raised: at least one error.
        more: a last line for the message.
    """
    raise_mistakes(raised)
    if len(raised) == 1 and not more:
        return raised[0]
    rejections = [error for error in raised if not isinstance(error, Unanswered)]
    kinds = {type(error) for error in rejections or raised}
    loudest = RollbackFailed if RollbackFailed in kinds else Refused if rejections else Unanswered
    kind = kinds.pop() if len(kinds) == 1 else loudest
    return kind("\n".join(filter(None, [cause(rejections or raised), more])))


def cause(raised: Sequence[Exception]) -> str:
    """Return the distinct reasons as text. Units that were not started because another failed are not reasons."""
    causes = [error for error in raised if not isinstance(error, applying.Halted)]
    return "\n".join(dict.fromkeys(str(error) for error in causes or raised))


def _apply_and_check(
    run: EnvironmentRun,
    executor: Executor,
    plans: Mapping[str, Planned],
    planned: Mapping[str, Step],
    tested: Mapping[str, Step],
    moving: frozenset[str],
    analyses: Analyses,
) -> list[Step]:
    """Apply and check each unit when the units it needs have passed; plan it again if their outputs may change."""
    steps: list[Step] = []
    passed: dict[str, list[Step]] = {}  # The steps that units which need this one wait for.
    _tell_what_waits(run, plans)
    for unit in run.units:
        before = [*dict.fromkeys(step for need in run.needs[unit] for step in passed.get(need, ()))]
        if _stays(run, unit, plans, moving):
            passed[unit] = before
            if analyses.block(unit):
                passed[unit] = [executor.submit(ANALYSE, run, unit, analyses, after=before)]
                steps += passed[unit]
            continue
        plan, test = planned[unit], tested[unit]
        if moving.intersection(run.needs[unit]):
            plan = executor.submit(PLAN, run, unit, {}, after=before)
            test = executor.submit(TEST, run, unit, plan)
        applied = executor.submit(APPLY, run, unit, plan, after=[test, *before])
        checked = executor.submit(CHECK, run, unit, applied)
        settled = executor.submit(SETTLE, run, unit, applied, after=[checked])
        steps += [plan, test, applied, checked, settled]
        passed[unit] = [checked]
        if analyses.block(unit):
            passed[unit] = [executor.submit(ANALYSE, run, unit, analyses, after=[settled])]
            steps += passed[unit]
    return steps


def _stays(run: EnvironmentRun, unit: str, plans: Mapping[str, Planned], moving: frozenset[str]) -> bool:
    """Tell whether nothing is done for a unit: it is up to date, and the outputs that it needs do not change."""
    return planning.stays(plans[unit]) and moving.isdisjoint(run.needs[unit])


def _tell_what_waits(run: EnvironmentRun, plans: Mapping[str, Planned]) -> None:
    """Log, for each unit with changes, which changing units it waits for."""
    changing = {unit for unit, made in plans.items() if planning.changes(made)}
    for unit in run.units:
        if needs := [need for need in run.needs[unit] if {unit, need} <= changing]:
            run.log(unit).debug(AWAITS, needs=needs)


def _name(run: EnvironmentRun) -> str:
    return run.environment.name
