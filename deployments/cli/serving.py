"""Commands for the permanent server: Prefect with its UI, a worker, schedules and webhooks."""

from __future__ import annotations

from typing import Annotated

import typer

from deployments.cli import screen
from deployments.cli.screen import Json
from deployments.server_parts import PartName
from tasks import settings


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    serving = typer.Typer(no_args_is_help=True, help="Prefect with its UI, a worker, schedules and webhooks.")
    for name, command in {"up": up, "down": down, "status": server_status}.items():
        serving.command(name)(command)
    serving.command("run")(run)
    serving.command("probe")(probe)
    app.add_typer(serving, name="server")


def up(json: Json = False) -> None:
    """Start Prefect and a worker, or what of them is not running, and offer in the UI all that can be started.

    While the sandbox is up, it is the sandbox's Prefect server that is served.
    """
    from deployments import server

    running = server.up(settings.load().repository, screen.say)
    if json:
        screen.document({"ui": running.ui, "board": running.board, "password": running.password})
        return
    screen.result(f"the board: {running.board}")
    screen.result(f"the UI: {running.ui}")
    if running.password:
        screen.result(f"log in with the content of {running.password}")


def down(json: Json = False) -> None:
    """End what `flowmart server up` started. A run in progress is ended; the next one rolls back what it began."""
    from deployments import server

    server.down(settings.load().repository, screen.say)
    if json:
        screen.document({})


def server_status(json: Json = False) -> None:
    """What of the server runs, and where."""
    from deployments import server

    screen.parts(server.status(settings.load().repository), json)


def run(
    part: Annotated[PartName, typer.Argument(help="The process to run.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Where to listen; the process's usual port without it.")
    ] = None,
) -> None:
    """Run one process of the server in the foreground, for a container or systemd. SIGTERM ends it.

    Prefect is the one of PREFECT_API_URL; PREFECT_API_AUTH_STRING has its user:password.
    """
    from deployments.server import foreground

    foreground.run(settings.load().repository, part, host, port)


def probe() -> int:
    """Ask the processes that run here whether they respond, for a health check.

    Exit code 1 when one does not, or when none was started.
    """
    from deployments.server import foreground

    wrong = foreground.probe(settings.load().repository)
    for sentence in wrong:
        screen.say(sentence)
    return 1 if wrong else 0
