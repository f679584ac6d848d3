"""The processes of the server: how each is started, and when it is ready.

server      Prefect's own, with its UI; none where a Prefect server is there already (the sandbox's, or a team's)
registrar   keeps pool, queues, deployments and forms as prefect.yaml, platform.yaml and the store say
worker      starts the runs, each in a process of its own, with the variables of whoever said `server up`
board       the page that shows which release is where, at /board
metrics     serves the metrics of the delivery, when FLOWMART_SERVER_METRICS_PORT is set
receiver    takes GitHub's webhooks, when FLOWMART_GITHUB_WEBHOOK_SECRET is set
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_connection

from deployments import prefect_database, prefect_health, prefect_server, processes
from deployments.processes import Process
from deployments.server.layout import ServerLayout, ServerSettings
from deployments.services import ServiceHealth, ServiceKind, gets

SERVER, REGISTRAR, WORKER, BOARD, RECEIVER = "server", "registrar", "worker", "board", "receiver"
METRICS = "metrics"

LOOPBACK = "127.0.0.1"
"""Where all listen by default: this machine only."""

_PATIENCE = "21600"
"""Seconds for which a run that the worker starts waits for an environment that somebody else is working in."""

_BUSY = 300.0
"""Seconds until a process is ready that takes a few where nothing else is going on."""

_HEARTBEAT = "30"
"""Seconds between the signs of life of a run; the automation in `registration` misses them after a while."""


@dataclass(frozen=True)
class Address:
    """A Prefect API and how to get in. `auth` is `user:password`, or empty. `log`: of a server of ours."""

    api: str
    auth: str = field(default="", repr=False)
    log: Path | None = None

    @property
    def variables(self) -> dict[str, str]:
        """What leads Prefect's clients there. A proxy of the user's is not asked for this machine."""
        around = filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1,localhost"])
        known = {"PREFECT_API_URL": self.api, "NO_PROXY": ",".join(dict.fromkeys(",".join(around).split(",")))}
        known["no_proxy"] = known["NO_PROXY"]
        return known | ({"PREFECT_API_AUTH_STRING": self.auth} if self.auth else {})


def server(settings: ServerSettings, auth: str, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Prefect's server, with basic auth on and analytics off."""

    def command(layout: ServerLayout, port: int | None) -> list[str]:
        if not settings.database.get_secret_value():
            prefect_database.prepare(layout.prefect_home)
        return prefect_server.command(port, host)

    def variables(layout: ServerLayout, port: int | None) -> Mapping[str, str]:
        address = settings.url.rstrip("/") or f"http://127.0.0.1:{port}"
        told = prefect_server.variables(layout.prefect_home, address)
        return {**told, "PREFECT_SERVER_API_AUTH_STRING": auth, **_database(settings)}

    def examine(layout: ServerLayout, process: Process) -> ServiceHealth:
        api = f"http://127.0.0.1:{process.port}/api"
        ask, log = prefect_health.with_httpx(api, auth), processes.log_of(layout, SERVER)
        prefect = prefect_health.local_server(ask, log, layout.platform)
        return prefect_health.judge(prefect, process.started)

    ready = gets("/api/health")
    return ServiceKind(SERVER, command, variables, ready, _BUSY, port=settings.port, examine=examine, private=True)


def of(name: str, address: Address, settings: ServerSettings, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Any process but Prefect's server, by its name; it listens on `host`, if it does."""
    made: Mapping[str, Callable[[], ServiceKind[ServerLayout]]] = {
        REGISTRAR: lambda: registrar(address),
        WORKER: lambda: worker(address, settings, host),
        BOARD: lambda: board(address, host),
        METRICS: lambda: metrics(address, settings, host),
        RECEIVER: lambda: receiver(address, host),
    }
    return made[name]()


def registrar(address: Address) -> ServiceKind[ServerLayout]:
    """The process that registers deployments, queues and forms with Prefect."""

    def command(layout: ServerLayout, _: int | None) -> list[str]:
        layout.registered.unlink(missing_ok=True)
        return [sys.executable, "-m", "deployments.server.registrar", "--registered", str(layout.registered)]

    def answers(layout: ServerLayout, _: int | None) -> bool:
        found = processes.find(layout, REGISTRAR)
        return found is not None and layout.registered.exists() and layout.registered.read_text() == str(found.pid)

    return ServiceKind(REGISTRAR, command, _working(address), answers, _BUSY, listens=False, private=True)


def worker(address: Address, settings: ServerSettings, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Who starts the runs."""

    def command(layout: ServerLayout, _: int | None) -> list[str]:
        pool = settings.pool or layout.platform
        start = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process"]
        return [*start, "--limit", str(settings.limit), "--with-healthcheck", "--install-policy", "never"]

    def variables(layout: ServerLayout, port: int | None) -> Mapping[str, str]:
        waiting = {"FLOWMART_WAIT": os.environ.get("FLOWMART_WAIT", _PATIENCE)}
        listening = {"PREFECT_WORKER_WEBSERVER_HOST": host, "PREFECT_WORKER_WEBSERVER_PORT": str(port)}
        living = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": _HEARTBEAT, "PREFECT_WORKER_QUERY_SECONDS": "3"}
        return {**_working(address)(layout, port), **waiting, **listening, **living}

    return ServiceKind(WORKER, command, variables, gets("/health"), _BUSY)


def board(address: Address, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Who serves the board; a proxy with a certificate belongs in front of it."""

    def command(_: ServerLayout, port: int | None) -> list[str]:
        return [sys.executable, "-m", "deployments.server.board", "--host", host, "--port", str(port)]

    return ServiceKind(BOARD, command, _working(address), gets("/health"), 60.0, port=4230, private=True)


def metrics(address: Address, settings: ServerSettings, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Who serves the metrics of the delivery: not where the receiver listens, which the world may reach."""

    def command(_: ServerLayout, port: int | None) -> list[str]:
        return [sys.executable, "-m", "deployments.cli", "metrics", "--host", host, "--serve", str(port)]

    port = settings.metrics_port
    return ServiceKind(METRICS, command, _working(address), gets("/metrics"), 60.0, port=port, private=True)


def receiver(address: Address, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Who takes GitHub's webhooks; a proxy with a certificate belongs in front of it."""

    def command(_: ServerLayout, port: int | None) -> list[str]:
        return [sys.executable, "-m", "deployments.github", "--host", host, "--port", str(port)]

    def variables(layout: ServerLayout, port: int | None) -> Mapping[str, str]:
        log = {prefect_health.LOG_VARIABLE: str(address.log)} if address.log else {}
        return {**_working(address)(layout, port), **log}

    return ServiceKind(RECEIVER, command, variables, _accepts, 60.0, port=4280, private=True)


def _database(settings: ServerSettings) -> dict[str, str]:
    url = settings.database.get_secret_value()
    if not url:
        return {}
    for plain in ("postgres://", "postgresql://"):
        url = f"postgresql+asyncpg://{url.removeprefix(plain)}" if url.startswith(plain) else url
    return {"PREFECT_API_DATABASE_CONNECTION_URL": url}


def _working(address: Address) -> Callable[[ServerLayout, int | None], Mapping[str, str]]:
    """The variables of a process that works with the product: those of this one, led to the server."""

    def variables(layout: ServerLayout, _: int | None) -> Mapping[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API_")}
        own.pop("FLOWMART_SERVER_DATABASE", None)
        more = {"PREFECT_HOME": str(layout.prefect_home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        actor = {"FLOWMART_ACTOR": os.environ.get("FLOWMART_ACTOR") or "prefect"}
        repository = {"FLOWMART_REPOSITORY": str(layout.root)}
        return {**own, **more, **actor, **repository, **address.variables}

    return variables


def _accepts(_: ServerLayout, port: int | None) -> bool:
    try:
        create_connection(("127.0.0.1", port or 0), timeout=5).close()
    except OSError:
        return False
    return True
