"""Run every query of the analyses once before anything is applied, and stop if metrics are already bad."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from tasks.analysis import ask_all, evidence, was_bad
from tasks.analysis.judging import metrics_in
from tasks.domain.analysis import ENVIRONMENT, Analysis
from tasks.domain.errors import EnvironmentClosed, InvalidInput
from tasks.domain.events import AnalysesOmitted, IncidentAccepted
from tasks.domain.release import Receipt
from tasks.promotion import access
from tasks.promotion.analysing import declared, named, sources_of
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.planning import PlanSet


def refuse_unmeasurable(run: EnvironmentRun, plans: PlanSet, into_incident: str | None) -> None:
    """Return if the analyses of the plans can be queried and their metrics are not bad already.

    Args:
        run: the promotion.
        plans: what will be applied; analyses of other units do not count.
        into_incident: why to continue although metrics are bad; recorded. None: no reason was given.

    Raises:
        InvalidInput: a query is wrong.
        Unanswered: the server did not respond.
        EnvironmentClosed: metrics are already bad.
    """
    wanted = _concerned(run, plans)
    if why := _not_to_be_asked(run, wanted.values()):
        _omit(run, tuple(wanted), why)
        return
    mistakes = [mistake for subject, analysis in wanted.items() for mistake in _mistakes(run, subject, analysis)]
    if mistakes:
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        raise InvalidInput(
            f"{run.environment.name}: an analysis in platform.yaml is wrong; nothing was changed\n{lines}"
        )
    receipts = run.state().receipts if wanted else {}
    bad = [
        line
        for subject, analysis in wanted.items()
        for line in _bad(run, subject, analysis, _last_applied(receipts, subject))
    ]
    if not bad:
        return
    lines = "\n".join(f"  {line}" for line in bad)
    if into_incident is None:
        todo = "wait until it is over, or say why it cannot wait: --into-incident REASON (it is recorded)"
        raise EnvironmentClosed(f"{run.environment.name}: metrics are bad before the change; {todo}\n{lines}")
    run.record(IncidentAccepted(release=run.release.id, why=lines.strip(), reason=into_incident))


def _concerned(run: EnvironmentRun, plans: PlanSet) -> Mapping[str, Analysis]:
    """Return the analyses that the plans will start."""
    changed = {plan.target.unit for plan in plans.plans if not plan.empty} | {*plans.later}
    known = declared(run) if changed else {}
    return {subject: each for subject, each in known.items() if subject in changed or subject == ENVIRONMENT}


def _not_to_be_asked(run: EnvironmentRun, wanted: Iterable[Analysis]) -> str:
    """Return the setting that forbids queries to a server which the analyses need; "" if there is none."""
    name, runtime = run.environment.name, run.runtime
    of_logs = {metric.logs is not None for analysis in wanted for metric in metrics_in(analysis, name)}
    if False in of_logs and runtime.asks_no_prometheus:
        return f"FLOWMART_PROMETHEUS={access.NO_PROMETHEUS}"
    if True in of_logs and runtime.asks_no_opensearch:
        return f"FLOWMART_OPENSEARCH={access.NO_OPENSEARCH}"
    return ""


def _omit(run: EnvironmentRun, subjects: tuple[str, ...], why: str) -> None:
    run.record(AnalysesOmitted(release=run.release.id, units=subjects, why=why))
    names = ", ".join(named(run, subject) for subject in subjects)
    run.log().warning("analyses omitted", what=f"{names}: none decides here, since {why}")


def _mistakes(run: EnvironmentRun, subject: str, analysis: Analysis) -> list[str]:
    sources = sources_of(run, subject, analysis)
    found = ask_all(analysis, metrics_in(analysis, run.environment.name), sources, run.clock.now().timestamp())
    for warning in found.warnings:
        run.log(subject).warning("analysis", what=warning)
    return [f"{named(run, subject)}: {mistake}" for mistake in found.mistakes]


def _bad(run: EnvironmentRun, subject: str, analysis: Analysis, since: float) -> list[str]:
    sources = sources_of(run, subject, analysis)
    metrics, now = metrics_in(analysis, run.environment.name), run.clock.now().timestamp()
    windows = was_bad(analysis, metrics, sources, now, since)
    return [f"{named(run, subject)}: {evidence.line(window)}" for window in windows]


def _last_applied(receipts: Mapping[str, Receipt], subject: str) -> float:
    """Return when the unit, or any unit of the environment, was last applied, in seconds since 1970; 0.0 if never."""
    concerned = receipts.values() if subject == ENVIRONMENT else filter(None, [receipts.get(subject)])
    return max((datetime.fromisoformat(receipt.at).timestamp() for receipt in concerned), default=0.0)
