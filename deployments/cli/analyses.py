"""Commands for analyses: `continue` resumes a paused promotion, `analysis try` tests an analysis on past metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from deployments.cli import screen
from deployments.cli.environments import known_environment
from deployments.cli.exit_codes import AWAITS_APPROVAL
from deployments.cli.launching import prepare_flows
from deployments.cli.promoting import EnvironmentArgument
from deployments.cli.screen import Json
from deployments.cli.since import Since, length
from tasks import manifest, settings
from tasks.analysis import Sources, ask_all, spans
from tasks.analysis.judging import metrics_in
from tasks.analysis.trying import Tried, tried
from tasks.domain.analysis import Analysis, Verdict
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Environment
from tasks.promotion import access
from tasks.promotion.access import AssumedRoles
from tasks.promotion.approval_requests import Request

_WHOLE = "environment"
"""Stands for the environment itself in place of a unit's name."""


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command("continue")(resume)
    analyses = typer.Typer(no_args_is_help=True, help="Analyses of what was applied, by metrics.")
    analyses.command("try")(try_out)
    analyses.callback()(lambda: None)
    app.add_typer(analyses, name="analysis")


def resume(
    environment: EnvironmentArgument,
    reason: Annotated[str, typer.Option(help="Why what was measured is good enough; it is recorded.")],
    json: Json = False,
) -> int:
    """Go on with a promotion that is paused, since its analysis is inconclusive."""
    known_environment(environment)
    prepare_flows()
    from flows.resume import resume as flow
    from tasks.steps import call

    done = call(flow, environment, reason)
    if isinstance(done, Request):
        screen.awaits(done, json)
        return AWAITS_APPROVAL
    if json:
        screen.document({"environment": environment, "release": done})
    else:
        screen.result(f"release {done} is verified in {environment}")
    return 0


def try_out(
    unit: Annotated[
        str, typer.Argument(help=f'A unit of platform.yaml; "{_WHOLE}" for what it says of the environment.')
    ],
    environment: EnvironmentArgument,
    since: Since = "14d",
    json: Json = False,
) -> None:
    """How often an analysis would have passed and failed, had the unit been applied again and again in the past.

    It is read from platform.yaml as it is in the working tree, so a rule is tried before it decides anything.
    """
    analysis, around = _declared(unit, known_environment(environment))
    sources = access.sources(AssumedRoles("flowmart-analysis"), around, analysis, settings.load())
    now = datetime.now(UTC).timestamp()
    warnings = _asked(f"{environment}/{unit}", analysis, environment, sources, now)
    begin, end = now - length(since).total_seconds(), now - analysis.seconds
    found = tried(analysis, environment, sources, begin, end, analysis.length)
    if json:
        verdicts = [{"at": spans.iso(each.at), "verdict": each.verdict, "why": each.why} for each in found]
        screen.document({"unit": unit, "environment": environment, "tried": verdicts})
        return
    for warning in warnings:
        screen.say(warning)
    _show(found)


def _asked(subject: str, analysis: Analysis, environment: str, sources: Sources, now: float) -> tuple[str, ...]:
    """Query each metric once and return the warnings, before each is queried hundreds of times.

    Raises:
        InvalidInput: no metric is queried there, or a query is wrong.
        Unanswered: the server does not respond.
    """
    metrics = metrics_in(analysis, environment)
    if not metrics:
        wrong = f"{subject}: no metric of its analysis is asked in {environment}"
        raise InvalidInput(f"{wrong}; see `environments` of the metrics in platform.yaml")
    found = ask_all(analysis, metrics, sources, now)
    if found.mistakes:
        raise InvalidInput("\n".join(f"{subject}: {mistake}" for mistake in found.mistakes))
    return found.warnings


_MOST = 20
"""The number of simulated applies shown; `--json` has all of them."""


def _show(found: Sequence[Tried]) -> None:
    counts = Counter(each.verdict for each in found)
    counted = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    screen.result(f"{len(found)} imagined applies: {counted}")
    others = [each for each in found if each.verdict is not Verdict.PASSED]
    if others:
        rows = [(spans.iso(each.at), each.verdict.value, each.why) for each in others[:_MOST]]
        screen.table("", ("applied at", "verdict", "why"), rows)


def _declared(unit: str, environment: str) -> tuple[Analysis, Environment]:
    """Return a unit's analysis in an environment, and the environment from the unit's point of view."""
    platform = manifest.load(settings.load().repository / "infrastructure")
    around = platform.environment(environment)
    if unit == _WHOLE:
        analysis = around.analysis
    else:
        resolved = manifest.resolve(platform, environment, unit)
        analysis, around = resolved.analysis, manifest.unit_environment(platform.name, around, resolved)
    if analysis is None:
        raise InvalidInput(f"{environment}/{unit}: has no analysis; add `analysis` to it in platform.yaml")
    return analysis, around
