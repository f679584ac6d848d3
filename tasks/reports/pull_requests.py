"""What a plan of an environment comes to for those who read it on GitHub: from results and errors to reports.

Failed is not unanswered here either: a denial or a tool error is a failure, a question without an answer is none.
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
"""How `tasks.manifest` tells a mistake in a file: `platform.yaml:12: units.database: ...`."""


def outcome_of(error: FlowmartError) -> Outcome:
    """What an error says about a release: no answer, or a no."""
    return Outcome.UNANSWERED if isinstance(error, Unanswered) else Outcome.FAILED


def of_steps(run: EnvironmentRun, planned: Mapping[str, Step], tested: Mapping[str, Step]) -> EnvironmentReport:
    """The report of an environment by the steps that plan and test its units. Waits for all of them."""
    raise_mistakes(errors([*planned.values(), *tested.values()]))
    found = {unit: _found(step) for unit, step in planned.items()}
    report = of_environment(run, (of_unit(run, unit, each) for unit, each in found.items()))
    plans = {unit: each for unit, each in found.items() if isinstance(each, Plan | NotPlanned)}
    if plans != found:
        return report
    verdict = gate.verdict(run, planning.plan_set(run, plans))
    return replace(report, gate=verdict.told, rehearsal=evidence.known(run, "promote"))


def of_unit(run: EnvironmentRun, unit: str, found: Plan | NotPlanned | FlowmartError | None) -> UnitReport | None:
    """The report of a unit by what planning it gave; None for a unit that is not affected.

    `found` is None where planning was never begun, since what the unit takes outputs from has no plan.
    """
    if found is None:
        return UnitReport(unit, Outcome.SUCCEEDED, said="not planned: what it takes outputs from has no plan")
    if isinstance(found, FlowmartError):
        return UnitReport(unit, outcome_of(found), said=str(found))
    if isinstance(found, NotPlanned):
        return UnitReport(unit, Outcome.SUCCEEDED, said=found.why) if found.later else None
    return _of_plan(run, found)


def of_environment(run: EnvironmentRun, units: Iterable[UnitReport | None]) -> EnvironmentReport:
    """The report of an environment: its affected units, and where the log of this run is."""
    log = log_links.told(run.environment, run=run.runtime.run)
    return EnvironmentReport(run.environment.name, tuple(unit for unit in units if unit is not None), log=log)


def remarks(run: EnvironmentRun, report: EnvironmentReport) -> Sequence[Annotation]:
    """What policies and tools say, at the lines of the release's code that it is about."""
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
            said.append(_annotation(place, title, unit.said, failed=failed))
    return said


def mistakes(error: FlowmartError) -> Sequence[Annotation]:
    """The mistakes in a file of the release that an error tells, each at its line."""
    found = _MISTAKE.findall(str(error))
    return [
        _annotation(Place(f"{FOLDER}/{path}", int(line)), "mistake", told, failed=True) for path, line, told in found
    ]


def together(said: Iterable[Annotation]) -> Sequence[Annotation]:
    """Each thing once, though several environments say it of the same line; the first title stands for all."""
    found: dict[tuple[str, int, str, str], Annotation] = {}
    for one in said:
        found.setdefault((one.path, one.line, one.level, one.message), one)
    return tuple(found.values())


def _found(step: Step) -> Plan | NotPlanned | FlowmartError | None:
    """What a step returned, or why it failed; None where it never began."""
    if not step.began:
        return None
    raised = step.error()
    if isinstance(raised, FlowmartError):
        return raised
    found = step.result()
    return found if isinstance(found, Plan | NotPlanned) else None


def _of_plan(run: EnvironmentRun, plan: Plan) -> UnitReport:
    """A plan with what the policies find in it: once more, since a test that says no gives no findings back."""
    try:
        findings = planning.violations(run, plan)
    except FlowmartError as error:
        return UnitReport(plan.target.unit, outcome_of(error), plan, said=str(error))
    denied = any(finding.denied for finding in findings)
    return UnitReport(plan.target.unit, Outcome.FAILED if denied else Outcome.SUCCEEDED, plan, findings)


def _annotation(place: Place, title: str, message: str, *, failed: bool) -> Annotation:
    return Annotation(place.path, place.line, "failure" if failed else "warning", title, message)
