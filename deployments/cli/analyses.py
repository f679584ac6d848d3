"""Commands about analyses: `continue` decides on a promotion that is paused, `analysis try` judges the past."""

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
from tasks.analysis import spans
from tasks.analysis.trying import tried
from tasks.domain.analysis import Analysis, Verdict
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Environment
from tasks.promotion import access
from tasks.promotion.access import AssumedRoles
from tasks.promotion.approvals import Request

_WHOLE = "environment"
"""Stands for the environment itself where a unit is named."""


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
    begin, end = now - length(since).total_seconds(), now - analysis.seconds
    found = tried(analysis, environment, sources, begin, end, analysis.length)
    if json:
        verdicts = [{"at": spans.iso(at), "verdict": verdict} for at, verdict in found]
        screen.document({"unit": unit, "environment": environment, "tried": verdicts})
        return
    _show(found)


_MOST = 20
"""Imagined applies that are shown; `--json` has all of them."""


def _show(found: Sequence[tuple[float, Verdict]]) -> None:
    counts = Counter(verdict for _, verdict in found)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    screen.result(f"{len(found)} imagined applies: {told}")
    others = [(spans.iso(at), verdict.value) for at, verdict in found if verdict is not Verdict.PASSED]
    if others:
        screen.table("", ("applied at", "verdict"), others[:_MOST])


def _declared(unit: str, environment: str) -> tuple[Analysis, Environment]:
    """The analysis of a unit in an environment, and the environment as the unit sees it."""
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
