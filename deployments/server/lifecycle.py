"""Starts, stops and inspects the server.

An existing Prefect server is used instead of starting a second one: the sandbox's while that is up, or the one that
PREFECT_API_URL names.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from deployments import prefect_health, processes, profile, services
from deployments.server import catalogue, parts
from deployments.server.layout import ServerLayout, ServerSettings
from deployments.server.parts import BOARD, METRICS, RECEIVER, REGISTRAR, SERVER, WORKER, Address
from deployments.server_parts import PARTS
from deployments.services import READY, Part, ServiceHealth, ServiceKind
from tasks import manifest
from tasks.domain.errors import InvalidInput, Unanswered

Report = Callable[[str], None]

PREFECT_YAML = Path(__file__).with_name("prefect.yaml")
"""The product's own prefect.yaml: a link in a checkout, a file in a wheel."""


@dataclass(frozen=True)
class Serving:
    """A running server. `password` is the file with `user:password`; None if the password is not ours."""

    ui: str
    board: str
    address: Address
    password: Path | None


def up(root: Path, report: Report) -> Serving:
    """Start the processes that are not running yet; leave running ones alone.

    Args:
        root: the project folder.
        report: receives progress messages.

    Returns:
        The addresses of the running server.

    Raises:
        InvalidInput: platform.yaml or prefect.yaml is invalid.
        Unanswered: a process does not start.
    """
    layout, settings = _layout(root), server_settings()
    platform = manifest.load(layout.root / "infrastructure")
    catalogue.load(PREFECT_YAML, platform)
    with processes.alone(layout):
        address = _address(layout, settings, report)
        for kind in wanted(settings, address):
            _started(layout, kind, report)
    password = layout.password if address.auth and layout.password.exists() else None
    page = processes.find(layout, BOARD)
    board = f"http://127.0.0.1:{page.port}/board" if page else ""
    return Serving(settings.url or address.api.removesuffix("/api"), board, address, password)


def down(root: Path, report: Report, *, for_sandbox: bool | None = None) -> None:
    """Stop every process of the server and, with its worker, the active runs.

    Processes that are not running are ignored.

    Args:
        root: the project folder.
        report: receives progress messages.
        for_sandbox: True stops the sandbox's server, False the other one; by default the active profile decides.
    """
    layout = _layout(root, for_sandbox)
    with processes.alone(layout):
        if not layout.sandbox:
            layout.profile.unlink(missing_ok=True)
        for name in (RECEIVER, METRICS, BOARD, WORKER, REGISTRAR, SERVER):
            found = processes.find(layout, name)
            if found:
                processes.end(layout, found, gently=30.0 if name == WORKER else 8.0)
                report(f"{name} stopped")


def status(root: Path) -> list[Part]:
    """Return every process of the server, running or not."""
    layout, settings, nowhere = _layout(root), server_settings(), Address("")
    rest = [services.part(layout, kind) for kind in wanted(settings, nowhere)]
    return [_server(layout, settings), *rest]


def _server(layout: ServerLayout, settings: ServerSettings) -> Part:
    """Return the Prefect server in use, ours or another one."""
    given = _given(layout)
    if not given:
        auth = layout.password.read_text().strip() if layout.password.exists() else ""
        return services.part(layout, parts.server(settings, auth))
    prefect = prefect_health.server_at(given, layout.platform)
    try:
        found = prefect_health.judge(prefect, started=0)
    except Unanswered as error:
        found = ServiceHealth("fails", f"the health of {prefect.name} cannot be read: {error}")
    return Part(
        SERVER, None, None, found == READY, processes.log_of(layout, SERVER), found, given.removesuffix("/api")
    )


def _given(layout: ServerLayout) -> str:
    """Return the API of a configured Prefect server that is not ours; empty if there is none."""
    given = os.environ.get("PREFECT_API_URL", "")
    ours = profile.read(layout.profile) if layout.profile.exists() else {}
    return "" if given == ours.get("PREFECT_API_URL") else given


def wanted(settings: ServerSettings, address: Address) -> list[ServiceKind[ServerLayout]]:
    """Return the processes besides Prefect that run on this machine.

    These are the ones that FLOWMART_SERVER_PARTS names and the settings configure.
    """
    configured = {METRICS: bool(settings.metrics_port), RECEIVER: bool(settings.webhook_secret.get_secret_value())}
    names = [name for name in PARTS if name in settings.parts and name != SERVER and configured.get(name, True)]
    return [parts.of(name, address, settings) for name in names]


def _address(layout: ServerLayout, settings: ServerSettings, report: Report) -> Address:
    """Return the Prefect server to use: the configured one, or our own, which is started if needed."""
    if given := _given(layout):
        report(f"serving the Prefect server at {given}")
        return Address(given, os.environ.get("PREFECT_API_AUTH_STRING", ""))
    if SERVER not in settings.parts:
        raise InvalidInput(
            "FLOWMART_SERVER_PARTS leaves out server, and no other one is named; set PREFECT_API_URL to the team's"
        )
    auth = _password(layout)
    process = _started(layout, parts.server(settings, auth), report)
    address = Address(f"http://127.0.0.1:{process.port}/api", auth, processes.log_of(layout, SERVER))
    _write(layout.profile, "".join(f"{name}='{value}'\n" for name, value in address.variables.items()))
    return address


def _started(layout: ServerLayout, kind: ServiceKind[ServerLayout], report: Report) -> processes.Process:
    process, fresh = services.ensure_started(layout, kind)
    report(f"{kind.name} {'starting' if fresh else 'runs already'}")
    return services.wait_until_ready(layout, kind, process)


def _password(layout: ServerLayout) -> str:
    """Return `user:password`, which the first start generates and later ones reuse."""
    if not layout.password.exists():
        _write(layout.password, f"flowmart:{secrets.token_urlsafe(24)}")
    return layout.password.read_text().strip()


def _write(file: Path, text: str) -> None:
    """Write a file that only its owner can read, at any moment."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)


def _layout(root: Path, for_sandbox: bool | None = None) -> ServerLayout:
    sandbox = profile.chosen(root) == profile.SANDBOX if for_sandbox is None else for_sandbox
    return ServerLayout(root.resolve(), sandbox)


def server_settings() -> ServerSettings:
    """Read the FLOWMART_SERVER_* variables.

    Raises:
        InvalidInput: a variable is invalid; the message names it.
    """
    try:
        return ServerSettings()  # type: ignore[call-arg]
    except ValidationError as error:
        wrong = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors(include_input=False))
        raise InvalidInput(f"FLOWMART_SERVER_*: {wrong}") from None
