"""One process of the server in the foreground, for whatever looks after processes itself: a container, systemd.

`lifecycle` starts the same processes in the background of one machine and finds them again. Here the process takes
this one's place, so that signals and the exit code are its own, and what it says goes to standard output.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from deployments import processes
from deployments.server import lifecycle, parts
from deployments.server.layout import PARTS, PartName, ServerLayout, ServerSettings
from deployments.server.parts import LOOPBACK, SERVER, Address
from deployments.services import ServiceKind, is_healthy
from tasks.domain.errors import InvalidInput

_AUTH, _API = "PREFECT_API_AUTH_STRING", "PREFECT_API_URL"


def run(root: Path, name: PartName, host: str = LOOPBACK, port: int | None = None) -> NoReturn:
    """Become a process of the server.

    Args:
        root: the project folder.
        name: which process.
        host: the address to listen on, if it listens.
        port: where; by default the port that it has in the background, or any free one.

    Raises:
        InvalidInput: a variable is missing that leads to Prefect or protects it.
    """
    layout, settings = ServerLayout(root.resolve(), sandbox=False), lifecycle.server_settings()
    auth = os.environ.get(_AUTH, "")
    if not (auth or host == LOOPBACK):
        raise InvalidInput(f"{_AUTH}: set it to user:password; without one, {name} listens on {LOOPBACK} only")
    kind = _kind(name, settings, auth, host)
    with processes.alone(layout):
        chosen = port or (processes.free_port(layout, kind.name, kind.port) if kind.listens else None)
        processes.recorded(layout, name, os.getpid(), chosen)
    command = kind.command(layout, chosen)
    variables = processes.environment() | dict(kind.variables(layout, chosen))
    if kind.private:
        os.umask(0o077)
    os.chdir(layout.folder)
    os.execve(command[0], command, variables)  # noqa: S606 (a list, without a shell)


def probe(root: Path) -> list[str]:
    """What is wrong with the processes that were started here, as sentences; empty when all respond."""
    layout, settings = ServerLayout(root.resolve(), sandbox=False), lifecycle.server_settings()
    made = [_kind(name, settings, os.environ.get(_AUTH, ""), LOOPBACK) for name in PARTS if _is_here(layout, name)]
    if not made:
        return ["no process of the server was started here"]
    silent = [kind.name for kind in made if not is_healthy(layout, kind, processes.find(layout, kind.name))]
    return [f"{name} does not respond" for name in silent]


def _is_here(layout: ServerLayout, name: PartName) -> bool:
    return processes.find(layout, name) is not None


def _kind(name: PartName, settings: ServerSettings, auth: str, host: str) -> ServiceKind[ServerLayout]:
    if name == SERVER:
        return parts.server(settings, auth, host)
    api = os.environ.get(_API, "")
    if not api:
        raise InvalidInput(f"{_API}: set it to the address of the Prefect server, such as http://server:4200/api")
    return parts.of(name, Address(api, auth), settings, host)
