"""Defines the processes of the server: how each is started, and when it is ready.

server      Prefect's own, with its UI; not started if a Prefect server exists already (the sandbox's, or a team's)
registrar   keeps pool, queues, deployments and forms in line with prefect.yaml, platform.yaml and the store
worker      starts each run in its own process, with the variables of the caller of `server up`
board       serves the page that shows which release is where, at /board
metrics     serves the metrics of the delivery, if FLOWMART_SERVER_METRICS_PORT is set
receiver    receives GitHub's webhooks, if FLOWMART_GITHUB_WEBHOOK_SECRET is set
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
from deployments.server_parts import PARTS
from deployments.services import ServiceHealth, ServiceKind, gets

SERVER, REGISTRAR, WORKER, BOARD, METRICS, RECEIVER = PARTS

LOOPBACK = "127.0.0.1"
"""The address on which all processes listen by default: this machine only."""

_PATIENCE = "21600"
"""Seconds for which a run of the worker waits for an environment that another run has claimed."""

_BUSY = 300.0
"""Seconds to wait for a process to become ready; on an idle machine it takes a few."""

_HEARTBEAT = "30"
"""Seconds between heartbeats of a run; without them, the automation in `registration` marks it as crashed."""


@dataclass(frozen=True)
class Address:
    """A Prefect API and its credentials.

    `auth` is `user:password`, or empty. `log` is the server's log file, if the server is ours.
    """

    api: str
    auth: str = field(default="", repr=False)
    log: Path | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The variables that point Prefect's clients to the API; they bypass the user's proxy for this machine."""
        around = filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1,localhost"])
        known = {"PREFECT_API_URL": self.api, "NO_PROXY": ",".join(dict.fromkeys(",".join(around).split(",")))}
        known["no_proxy"] = known["NO_PROXY"]
        return known | ({"PREFECT_API_AUTH_STRING": self.auth} if self.auth else {})


def server(settings: ServerSettings, auth: str, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Return Prefect's server, with basic auth on and analytics off."""

    def command(layout: ServerLayout, port: int | None) -> list[str]:
        if not settings.database.get_secret_value():
            prefect_database.prepare(layout.prefect_home)
        return prefect_server.command(port, host)

    def variables(layout: ServerLayout, port: int | None) -> Mapping[str, str]:
        address = settings.url.rstrip("/") or f"http://127.0.0.1:{port}"
        ours = prefect_server.variables(layout.prefect_home, address)
        return {**ours, "PREFECT_SERVER_API_AUTH_STRING": auth, **_database(settings)}

    def examine(layout: ServerLayout, process: Process) -> ServiceHealth:
        api = f"http://127.0.0.1:{process.port}/api"
        ask, log = prefect_health.with_httpx(api, auth), processes.log_of(layout, SERVER)
        prefect = prefect_health.local_server(ask, log, layout.platform)
        return prefect_health.judge(prefect, process.started)

    ready = gets("/api/health")
    return ServiceKind(SERVER, command, variables, ready, _BUSY, port=settings.port, examine=examine, private=True)


def of(name: str, address: Address, settings: ServerSettings, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Return any process except Prefect's server, by name; `host` is the address to listen on, if it listens."""
    made: Mapping[str, Callable[[], ServiceKind[ServerLayout]]] = {
        REGISTRAR: lambda: registrar(address),
        WORKER: lambda: worker(address, settings, host),
        BOARD: lambda: board(address, host),
        METRICS: lambda: metrics(address, settings, host),
        RECEIVER: lambda: receiver(address, host),
    }
    return made[name]()


def registrar(address: Address) -> ServiceKind[ServerLayout]:
    """Return the process that registers deployments, queues and forms with Prefect."""

    def command(layout: ServerLayout, _: int | None) -> list[str]:
        layout.registered.unlink(missing_ok=True)
        return [sys.executable, "-m", "deployments.server.registrar", "--registered", str(layout.registered)]

    def answers(layout: ServerLayout, _: int | None) -> bool:
        found = processes.find(layout, REGISTRAR)
        return found is not None and layout.registered.exists() and layout.registered.read_text() == str(found.pid)

    return ServiceKind(REGISTRAR, command, _working(address), answers, _BUSY, listens=False, private=True)


def worker(address: Address, settings: ServerSettings, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Return the process that starts the runs."""

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
    """Return the process that serves the board; put a TLS proxy in front of it."""

    def command(_: ServerLayout, port: int | None) -> list[str]:
        return [sys.executable, "-m", "deployments.server.board", "--host", host, "--port", str(port)]

    return ServiceKind(BOARD, command, _working(address), gets("/health"), 60.0, port=4230, private=True)


def metrics(address: Address, settings: ServerSettings, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Return the process that serves the delivery's metrics.

    It is separate from the receiver, whose port may be public.
    """

    def command(_: ServerLayout, port: int | None) -> list[str]:
        return [sys.executable, "-m", "deployments.cli", "metrics", "--host", host, "--serve", str(port)]

    port = settings.metrics_port
    return ServiceKind(METRICS, command, _working(address), gets("/metrics"), 60.0, port=port, private=True)


def receiver(address: Address, host: str = LOOPBACK) -> ServiceKind[ServerLayout]:
    """Return the process that receives GitHub's webhooks; put a TLS proxy in front of it."""

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
    """Return the variables of a process that uses the product: those of this process, pointed to the server."""

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
