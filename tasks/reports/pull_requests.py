"""Turns the results and errors of planning an environment into reports for GitHub.

Failed and unanswered stay distinct: a denial or a tool error is a failure, a missing response is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tasks.domain.errors import FlowmartError, Unanswered
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Plan
from tasks.github import lines
from tasks.github.check_runs import Annotation
from tasks.github.lines import Place
from tasks.github.reported import EnvironmentReport, UnitReport
from tasks.promotion import evidence, gate, planning
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.executor import Step, errors, raise_mistakes
from tasks.promotion.planning import NotPlanned
from tasks.releases.contents import FOLDER
from tasks.reports import log_links

_MISTAKE = re.compile(rf"^\s*(?:\S*/)?(?:{FOLDER}/)?([\w./-]+\.ya?ml):(\d+): (.+)$", re.MULTILINE)
"""Matches a mistake as `tasks.manifest` reports it: `platform.yaml:12: units.database: ...`."""


def outcome_of(error: FlowmartError) -> Outcome:
    """Return the outcome of an error: unanswered or failed."""
    return Outcome.UNANSWERED if isinstance(error, Unanswered) else Outcome.FAILED


def of_steps(run: EnvironmentRun, planned: Mapping[str, Step], tested: Mapping[str, Step]) -> EnvironmentReport:
    """Report on an environment from the steps that plan and test its units. Waits for all of them.

    Args:
        run: the run in the environment.
        planned: {unit: the step that plans it}.
        tested: {unit: the step that tests its plan}.
    """
    raise_mistakes(errors([*planned.values(), *tested.values()]))
    found = {unit: _found(step) for unit, step in planned.items()}
    report = of_environment(run, (of_unit(run, unit, each) for unit, each in found.items()))
    plans = {unit: each for unit, each in found.items() if isinstance(each, Plan | NotPlanned)}
    if plans != found:
        return report
    verdict = gate.verdict(run, planning.plan_set(run, plans))
    return replace(report, gate=verdict.summary, rehearsal=evidence.known(run, "promote"))


def of_unit(run: EnvironmentRun, unit: str, found: Plan | NotPlanned | FlowmartError | None) -> UnitReport | None:
    """Report on a unit from the result of planning it; None for a unit that is not affected.

    Args:
        run: the run in the environment.
        unit: the unit's name.
        found: the result; None if planning never began, because a unit whose outputs it needs has no plan.
    """
    if found is None:
        return UnitReport(unit, Outcome.SUCCEEDED, why="not planned: what it takes outputs from has no plan")
    if isinstance(found, FlowmartError):
        return UnitReport(unit, outcome_of(found), why=str(found))
    if isinstance(found, NotPlanned):
        return UnitReport(unit, Outcome.SUCCEEDED, why=found.why) if found.later else None
    return _of_plan(run, found)


def of_environment(run: EnvironmentRun, units: Iterable[UnitReport | None]) -> EnvironmentReport:
    """Report on an environment: its affected units, and the location of this run's log."""
    log = log_links.link_or_command(run.environment, run=run.runtime.run)
    return EnvironmentReport(run.environment.name, tuple(unit for unit in units if unit is not None), log=log)


def remarks(run: EnvironmentRun, report: EnvironmentReport) -> Sequence[Annotation]:
    """Return the messages of policies and tools, at the lines of the release's code that they concern."""
    checkout = run.checkout(run.release.id)
    infrastructure = checkout.infrastructure
    said = []
    for unit in report.units:
        folder = checkout.root / run.unit(unit.unit).source
        for finding in unit.findings:
            place = lines.find(infrastructure, unit.unit, folder, finding.address)
            title = f"{finding.policy} in {report.environment}"
            said.append(_annotation(place, title, finding.message, failed=finding.denied))
        if unit.outcome is not Outcome.SUCCEEDED and not unit.denials:
            place = lines.of_unit(infrastructure, unit.unit)
            failed = unit.outcome is Outcome.FAILED
            title = f"{unit.unit} in {report.environment}: {'no plan' if failed else 'no answer'}"
            said.append(_annotation(place, title, unit.why, failed=failed))
    return said


def mistakes(error: FlowmartError) -> Sequence[Annotation]:
    """Return the mistakes in a release's files that an error reports, each at its line."""
    found = _MISTAKE.findall(str(error))
    return [
        _annotation(Place(f"{FOLDER}/{path}", int(line)), "mistake", told, failed=True) for path, line, told in found
    ]


def together(said: Iterable[Annotation]) -> Sequence[Annotation]:
    """Remove duplicates: messages that several environments report at the same line. The first title is kept."""
    found: dict[tuple[str, int, str, str], Annotation] = {}
    for one in said:
        found.setdefault((one.path, one.line, one.level, one.message), one)
    return tuple(found.values())


def _found(step: Step) -> Plan | NotPlanned | FlowmartError | None:
    """Return a step's result, or its error; None if it never began."""
    if not step.began:
        return None
    raised = step.error()
    if isinstance(raised, FlowmartError):
        return raised
    found = step.result()
    return found if isinstance(found, Plan | NotPlanned) else None


def _of_plan(run: EnvironmentRun, plan: Plan) -> UnitReport:
    """Report on a plan with its policy findings.

    The policies are evaluated again, because a failed test does not return its findings.
    """
    try:
        findings = planning.violations(run, plan)
    except FlowmartError as error:
        return UnitReport(plan.target.unit, outcome_of(error), plan, why=str(error))
    denied = any(finding.denied for finding in findings)
    return UnitReport(plan.target.unit, Outcome.FAILED if denied else Outcome.SUCCEEDED, plan, findings)


def _annotation(place: Place, title: str, message: str, *, failed: bool) -> Annotation:
    return Annotation(place.path, place.line, "failure" if failed else "warning", title, message)
