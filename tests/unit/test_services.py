"""Starting a background service: its port, and what happens when another program takes it."""

import json
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from deployments import ports, processes, services
from deployments.sandbox.layout import SandboxLayout
from deployments.services import ServiceKind, gets
from tasks.domain.errors import Unanswered

Answers = Callable[[SandboxLayout, int | None], bool]

OUTGOING = range(32768, 65536)
"""Ports that Linux and others give to outgoing connections."""


@pytest.fixture
def layout(tmp_path: Path) -> SandboxLayout:
    return SandboxLayout(tmp_path)


@pytest.fixture
def intruders() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def web_server(intruders: ExitStack, taken: int, answers: Answers | None = None) -> ServiceKind[SandboxLayout]:
    """A web server; another program listens on the first `taken` ports as soon as they are chosen for it."""
    left = iter(range(taken))

    def command(_: SandboxLayout, port: int | None) -> list[str]:
        if next(left, None) is not None:
            listener = intruders.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port or 0))
            listener.listen()
        return [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]

    def variables(_: SandboxLayout, __: int | None) -> Mapping[str, str]:
        return {}

    return ServiceKind("web", command, variables, answers or serves, 60.0)


def serves(layout: SandboxLayout, port: int | None) -> bool:
    """Ask only once the service itself listens, because an intruder accepts connections and never responds."""
    return "Serving" in processes.log_of(layout, "web").read_text() and gets("/")(layout, port)


def connects(port: int | None) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port or 0)) == 0


def test_a_service_whose_port_is_taken_meanwhile_starts_on_another(
    layout: SandboxLayout, intruders: ExitStack
) -> None:
    kind = web_server(intruders, taken=2)
    begun, fresh = services.ensure_started(layout, kind)
    ready = services.wait_until_ready(layout, kind, begun)
    try:
        assert fresh
        assert ready.alive
        assert ready.port != begun.port
        assert processes.find(layout, "web") == ready
        assert services.ensure_started(layout, kind) == (ready, False)
    finally:
        processes.end(layout, ready)


def test_a_program_that_answers_on_the_port_is_not_taken_for_the_service(
    layout: SandboxLayout, intruders: ExitStack
) -> None:
    kind = web_server(intruders, taken=1, answers=lambda _, port: connects(port))
    begun, _ = services.ensure_started(layout, kind)
    ready = services.wait_until_ready(layout, kind, begun)
    try:
        assert ready.port != begun.port
        assert gets("/")(layout, ready.port)
    finally:
        processes.end(layout, ready)


def test_a_service_that_never_gets_a_port_is_not_started_for_ever(
    layout: SandboxLayout, intruders: ExitStack
) -> None:
    kind = web_server(intruders, taken=100)
    begun, _ = services.ensure_started(layout, kind)
    with pytest.raises(Unanswered, match=r"ended while it was being started(.|\n)*Address already in use"):
        services.wait_until_ready(layout, kind, begun)


def test_no_outgoing_connection_gets_a_port_that_was_chosen() -> None:
    assert not any(ports.free() in OUTGOING for _ in range(50))


def test_the_last_port_is_used_again_unless_it_is_taken(layout: SandboxLayout, intruders: ExitStack) -> None:
    first = processes.free_port(layout, "web")
    assert processes.free_port(layout, "web") == first
    listener = intruders.enter_context(socket.socket())
    listener.bind(("127.0.0.1", first))
    listener.listen()
    assert not ports.is_free(first)
    assert processes.free_port(layout, "web") != first


def test_no_two_services_get_the_same_port_before_either_listens(layout: SandboxLayout) -> None:
    some = frozenset(range(24000, 24050))
    given = {f"other-{port}": port for port in range(20000, 32768) if port not in some}
    layout.ports.parent.mkdir(parents=True, exist_ok=True)
    layout.ports.write_text(json.dumps({**given, "web": 20000}))
    chosen = [processes.free_port(layout, name) for name in ("web", "dev", "staging")]
    assert some >= {*chosen}
    assert len({*chosen}) == 3
