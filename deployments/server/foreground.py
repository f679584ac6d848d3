"""Runs one process of the server in the foreground, for a supervisor such as a container runtime or systemd.

`lifecycle` starts the same processes in the background of one machine and tracks them. Here the server process
replaces the current one. It receives signals directly, sets the exit code, and logs to standard output.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from deployments import processes
from deployments.server import lifecycle, parts
from deployments.server.layout import ServerLayout, ServerSettings
from deployments.server.parts import LOOPBACK, SERVER, Address
from deployments.server_parts import PARTS, PartName
from deployments.services import ServiceKind, is_healthy
from tasks.domain.errors import InvalidInput

_AUTH, _API = "PREFECT_API_AUTH_STRING", "PREFECT_API_URL"


def run(root: Path, name: PartName, host: str = LOOPBACK, port: int | None = None) -> NoReturn:
    """Replace the current process with a process of the server.

    Args:
        root: the project folder.
        name: which process.
        host: the address to listen on, if the process listens.
        port: the port to listen on; by default the one it uses in the background, or any free one.

    Raises:
        InvalidInput: a variable is missing that gives Prefect's address or protects it.
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
    """Check the processes that were started in this project folder.

    Returns:
        One sentence per problem; empty if all processes respond.
    """
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
