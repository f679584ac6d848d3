"""The processes that a sandbox is made of: how each is started, and when it is ready.

aws        moto, all accounts (`aws_server`)
hosts      sshd, and behind it throw-away hosts for Ansible and Packer (`hosts`)
provider   keeps the stand-in for Terraform's AWS provider warm (`aws_provider.serve`)
prefect    a Prefect server with its UI
"""

from __future__ import annotations

import http.client
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from socket import AF_UNIX, socket

from deployments.sandbox import hosts, kubernetes, prefect_database, processes
from deployments.sandbox.layout import Layout
from deployments.sandbox.processes import Process
from tasks.errors import CouldNotAsk

AWS, PROVIDER, KUBERNETES, HOSTS, PREFECT = "aws", "provider", "kubernetes", "hosts", "prefect"

_LAST_LINES = 15

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Whatever proxy the user has is not asked for what is on this machine."""


@dataclass(frozen=True)
class Kind:
    """One kind of process. `answers` asks it once; `patience` is how long its start may take, in seconds."""

    name: str
    command: Callable[[Layout, int | None], list[str]]
    variables: Callable[[Layout, int | None], Mapping[str, str]]
    answers: Callable[[Layout, int | None], bool]
    patience: float
    listens: bool = True


def ensure_started(layout: Layout, kind: Kind) -> tuple[Process, bool]:
    """The process of this kind, started if it does not run or does not answer; and whether it was started now."""
    found = processes.find(layout, kind.name)
    if found and answers_soon(layout, kind, found):
        return found, False
    if found:
        processes.end(layout, found)
    port = processes.free_port(layout, kind.name) if kind.listens else None
    command, variables = kind.command(layout, port), kind.variables(layout, port)
    return processes.start(layout, kind.name, command, port, variables), True


def wait_until_ready(layout: Layout, kind: Kind, process: Process) -> None:
    """Return when the process answers. `CouldNotAsk`, with the end of its log, when it ends or takes too long."""
    deadline = time.monotonic() + kind.patience
    while not kind.answers(layout, process.port):
        if not process.alive:
            raise _failed(layout, kind, "ended while it was being started")
        if time.monotonic() > deadline:
            raise _failed(layout, kind, f"did not answer within {kind.patience:g} s")
        time.sleep(0.1)


def answers_soon(layout: Layout, kind: Kind, process: Process) -> bool:
    """A process that runs may still be starting, or be busy: it gets a few seconds before it is given up."""
    deadline = time.monotonic() + min(kind.patience, 20.0)
    while process.alive and time.monotonic() < deadline:
        if kind.answers(layout, process.port):
            return True
        time.sleep(0.2)
    return False


def is_healthy(layout: Layout, kind: Kind, process: Process | None) -> bool:
    """Whether the process runs and answers, asked once."""
    return process is not None and process.alive and kind.answers(layout, process.port)


def _failed(layout: Layout, kind: Kind, what: str) -> CouldNotAsk:
    log = processes.log_of(layout, kind.name)
    lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
    return CouldNotAsk("\n".join([f"sandbox: {kind.name} {what}; the end of {log}:", *lines]))


def _aws_command(_: Layout, port: int | None) -> list[str]:
    return [sys.executable, "-m", "deployments.sandbox.aws_server", "--port", str(port)]


def _provider_command(layout: Layout, _: int | None) -> list[str]:
    serve = "deployments.sandbox.aws_provider.serve"
    return [sys.executable, "-m", serve, "--socket", str(layout.provider_socket)]


def _kubernetes_command(layout: Layout, port: int | None) -> list[str]:
    return kubernetes.command(port or 0, layout.clusters, (layout.clusters / "names").read_text().split())


def _kubernetes_answers(layout: Layout, port: int | None) -> bool:
    return kubernetes.answers(port or 0, layout.clusters)


def _hosts_answer(_: Layout, port: int | None) -> bool:
    return hosts.answers(port or 0)


def _prefect_command(layout: Layout, port: int | None) -> list[str]:
    prefect_database.prepare(layout.prefect_home)
    return [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]


def _prefect_variables(layout: Layout, port: int | None) -> Mapping[str, str]:
    return {
        "PREFECT_HOME": str(layout.prefect_home),
        # The pages of the UI ask here, whatever port the server was told on its command line.
        "PREFECT_UI_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
    }


def _nothing(_: Layout, __: int | None) -> Mapping[str, str]:
    return {}


def _gets(path: str) -> Callable[[Layout, int | None], bool]:
    def answers(_: Layout, port: int | None) -> bool:
        try:
            _DIRECT.open(f"http://127.0.0.1:{port}{path}", timeout=5).close()
        except (OSError, http.client.HTTPException):
            return False
        return True

    return answers


def _accepts(layout: Layout, _: int | None) -> bool:
    with socket(AF_UNIX) as probe:
        try:
            probe.connect(str(layout.provider_socket))
        except OSError:
            return False
        return True


KINDS: Mapping[str, Kind] = {
    # The page of moto's own API that costs least.
    AWS: Kind(AWS, _aws_command, _nothing, _gets("/moto-api/config"), 60.0),
    PROVIDER: Kind(PROVIDER, _provider_command, _nothing, _accepts, 60.0, listens=False),
    KUBERNETES: Kind(KUBERNETES, _kubernetes_command, _nothing, _kubernetes_answers, 60.0),
    HOSTS: Kind(HOSTS, hosts.command, _nothing, _hosts_answer, 30.0),
    PREFECT: Kind(PREFECT, _prefect_command, _prefect_variables, _gets("/api/health"), 180.0),
}
