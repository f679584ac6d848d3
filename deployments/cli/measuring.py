"""Commands that measure the delivery: `metrics` for Prometheus, `report dora` for people."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli import environments, screen
from deployments.cli.environments import known_environment
from deployments.cli.screen import Json
from deployments.cli.since import Since, length
from tasks import settings
from tasks.domain.errors import InvalidInput
from tasks.ledger.history import History
from tasks.metrics import Dora, Promotions, dora
from tasks.releases.commits import times_between

if TYPE_CHECKING:
    from prometheus_client.registry import Collector


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command()(metrics)
    reports = typer.Typer(no_args_is_help=True, help="What the ledger says about the delivery.")
    reports.command("dora")(report_dora)
    reports.callback()(lambda: None)
    app.add_typer(reports, name="report")


def metrics(
    serve: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Serve them on this port until Ctrl-C, for Prometheus to scrape."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to serve them on.")] = "127.0.0.1",
) -> None:
    """The metrics of the delivery, as Prometheus reads them."""
    from tasks.metrics.exporter import Exporter, text

    collectors = [Exporter(History(settings.load()).ledger, _engines()), *_deliveries(), *_log_lines()]
    if serve is None:
        typer.echo(text(*collectors), nl=False)
        return
    from deployments.metrics_server import serving

    screen.say(f"http://{host}:{serve}/metrics")
    serving(collectors, host, serve).serve_forever()


def report_dora(
    environment: Annotated[
        str | None, typer.Argument(help="An environment; the last one of platform.yaml without it.")
    ] = None,
    since: Since = "90d",
    json: Json = False,
) -> None:
    """DORA's measures of an environment: how often, how fast, how many fail, how soon they are repaired."""
    chosen = settings.load()
    name = known_environment(environment) if environment else _last()
    promotions = Promotions(History(chosen).ledger.entries(name)).all
    found = dora(promotions, datetime.now(UTC), length(since), partial(times_between, chosen.repository))
    if json:
        screen.document({"environment": name, **asdict(found)})
        return
    screen.table(f"{name}, the last {found.days:g} days", ("measure", "value"), _rows(found))


def _rows(found: Dora) -> list[tuple[str, str]]:
    return [
        ("deployment frequency", f"{found.per_day:.2g} a day ({found.deployments} deployments)"),
        ("change lead time, median", f"{_hours(found.lead_time)} ({found.commits} commits)"),
        ("change fail rate", _share(found.change_fail_ratio)),
        ("failed deployment recovery time, median", _hours(found.recovery_time)),
        ("deployment rework rate", _share(found.rework_ratio)),
    ]


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1%}"


def _hours(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _deliveries() -> list[Collector]:
    """Return the collector of GitHub's deliveries, if a receiver ever ran here."""
    from deployments.github.inbox import Inbox
    from deployments.github.metrics import Deliveries
    from deployments.github.settings import inbox_file

    return [Deliveries(Inbox(inbox_file()))] if inbox_file().is_file() else []


def _log_lines() -> list[Collector]:
    """Return the collector of log lines, if there is a log folder."""
    from tasks.metrics.log_lines import LogLines

    folder = settings.load().log_files
    return [LogLines(folder)] if folder else []


def _engines() -> dict[str, str]:
    platform = environments.platform()
    return {unit.name: unit.engine for unit in platform.units} if platform else {}


def _last() -> str:
    declared = environments.declared()
    if not declared:
        raise InvalidInput("report dora: there is no platform.yaml here; name an environment")
    return declared[-1].name
