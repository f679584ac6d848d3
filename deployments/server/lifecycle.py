"""Starting, stopping and looking at the server.

Where a Prefect server is there already (the sandbox's while that is up, or the one of PREFECT_API_URL) it is served,
and no second one is started.
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
from deployments.server.layout import PARTS, ServerLayout, ServerSettings
from deployments.server.parts import BOARD, METRICS, RECEIVER, REGISTRAR, SERVER, WORKER, Address
from deployments.services import READY, Part, ServiceHealth, ServiceKind
from tasks import manifest
from tasks.domain.errors import InvalidInput, Unanswered

Report = Callable[[str], None]

PREFECT_YAML = Path(__file__).with_name("prefect.yaml")
"""The repository's own: a link in a checkout, a file in a wheel."""


@dataclass(frozen=True)
class Serving:
    """A server that runs. `password` is the file with `user:password`, where there is one of ours."""

    ui: str
    board: str
    address: Address
    password: Path | None


def up(root: Path, report: Report) -> Serving:
    """Start what does not run yet. Starting what runs already changes nothing.

    Raises `InvalidInput` for a wrong platform.yaml or prefect.yaml, `Unanswered` when a process does not start.
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
    """End every process of the server; what is not running is not an error. The runs that go on end with the worker.

    `for_sandbox`: what serves the sandbox, or what serves you otherwise; by default what the profile leads to.
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
    """Every process of the server, running or not."""
    layout, settings, nowhere = _layout(root), server_settings(), Address("")
    rest = [services.part(layout, kind) for kind in wanted(settings, nowhere)]
    return [_server(layout, settings), *rest]


def _server(layout: ServerLayout, settings: ServerSettings) -> Part:
    """The Prefect server that is served, ours or not."""
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
    """The API of a Prefect server that we are led to and that is not ours; empty when there is none."""
    given = os.environ.get("PREFECT_API_URL", "")
    ours = profile.read(layout.profile) if layout.profile.exists() else {}
    return "" if given == ours.get("PREFECT_API_URL") else given


def wanted(settings: ServerSettings, address: Address) -> list[ServiceKind[ServerLayout]]:
    """What runs on this machine besides Prefect: what FLOWMART_SERVER_PARTS names and the settings configure."""
    configured = {METRICS: bool(settings.metrics_port), RECEIVER: bool(settings.webhook_secret.get_secret_value())}
    names = [name for name in PARTS if name in settings.parts and name != SERVER and configured.get(name, True)]
    return [parts.of(name, address, settings) for name in names]


def _address(layout: ServerLayout, settings: ServerSettings, report: Report) -> Address:
    """The Prefect server to serve: the one that we are led to, or our own, started if need be."""
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
    services.wait_until_ready(layout, kind, process)
    return process


def _password(layout: ServerLayout) -> str:
    """`user:password`: made at the first start, and the same ever after."""
    if not layout.password.exists():
        _write(layout.password, f"flowmart:{secrets.token_urlsafe(24)}")
    return layout.password.read_text().strip()


def _write(file: Path, text: str) -> None:
    """A file that only its owner may read, at any time."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)


def _layout(root: Path, for_sandbox: bool | None = None) -> ServerLayout:
    sandbox = profile.chosen(root) == profile.SANDBOX if for_sandbox is None else for_sandbox
    return ServerLayout(root.resolve(), sandbox)


def server_settings() -> ServerSettings:
    """FLOWMART_SERVER_*; `InvalidInput` names what is wrong."""
    try:
        return ServerSettings()  # type: ignore[call-arg]
    except ValidationError as error:
        wrong = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors(include_input=False))
        raise InvalidInput(f"FLOWMART_SERVER_*: {wrong}") from None
