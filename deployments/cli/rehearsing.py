"""`flowmart rehearse`: rehearses an environment's rollback in a scratch environment."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from deployments.cli import naming, screen
from deployments.cli.environments import known_environment
from deployments.cli.launching import prepare_flows
from deployments.cli.profiling import Profile
from deployments.cli.screen import Json
from tasks import settings
from tasks.domain.errors import InvalidInput
from tasks.ledger.history import History
from tasks.ledger.rehearsals import sentence
from tasks.ledger.state import RecordedRehearsal


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command()(rehearse)


def rehearse(
    environment: Annotated[str, typer.Argument(help="An environment that declares `rehearsal` in platform.yaml.")],
    release: Annotated[
        str | None,
        typer.Option(
            help="The release to roll back from, to the one that is there. Without it: the next one, or else the one "
            f"that is there, to the one before. {naming.HELP}"
        ),
    ] = None,
    profile: Profile = None,
    json: Json = False,
) -> None:
    """Rehearse a rollback in a scratch environment. Approvals show the result."""
    known_environment(environment)
    wanted = naming.create_or_find(History(settings.load()), release, "plan").id if release is not None else None
    prepare_flows(profile)
    from flows.rehearse import rehearse as flow
    from tasks.steps import call

    done: RecordedRehearsal | str = call(flow, environment, wanted)
    if isinstance(done, str):
        raise InvalidInput(done)
    if json:
        screen.document({"environment": environment, **document(done)})
        return
    screen.result(f"{environment}: {sentence(done)}")
    rows = [(unit.name, unit.result.value, unit.why) for unit in done.event.units]
    screen.table("", ("unit", "result", "why"), rows)


def document(rehearsal: RecordedRehearsal) -> dict[str, Any]:
    """Return a rehearsal for `--json`."""
    return {"at": rehearsal.at, **asdict(rehearsal.event), "told": sentence(rehearsal)}
