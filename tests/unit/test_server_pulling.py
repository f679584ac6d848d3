"""What a run does first on the machine of its worker, and how the processes of a server are told apart."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from deployments import processes
from deployments.server import foreground, lifecycle, pulling
from deployments.server.layout import ServerLayout
from deployments.server.parts import Address
from tasks.domain.errors import InvalidInput
from tasks.ledger import secret_key
from tasks.ledger.store import Store
from tests.platforms.mini import MiniPlatform


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("FLOWMART_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("FLOWMART_PLATFORM", "shop")
    return Store.open(str(tmp_path / "store" / "shop"))


def test_a_run_works_with_the_code_of_its_own_machine(store: Store) -> None:
    assert pulling.enter(secret_key.identity(store)) == {"directory": str(pulling.PROJECT)}


def test_a_worker_with_another_store_starts_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = secret_key.identity(store)
    monkeypatch.setenv("FLOWMART_STORE", str(tmp_path / "mine"))
    with pytest.raises(InvalidInput, match="set FLOWMART_STORE to the same bucket on every machine"):
        pulling.enter(registered)


def test_the_identity_of_a_store_is_not_its_key(store: Store) -> None:
    assert secret_key.identity(store) not in secret_key.secret_key(store).hex()


def running(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """The processes that this machine runs besides Prefect."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return [kind.name for kind in lifecycle.wanted(lifecycle.server_settings(), Address("http://prefect/api"))]


def test_a_machine_runs_what_is_configured_unless_told_which_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert running(monkeypatch) == ["registrar", "worker", "board"]
    assert running(monkeypatch, FLOWMART_GITHUB_WEBHOOK_SECRET="x") == ["registrar", "worker", "board", "receiver"]
    assert running(monkeypatch, FLOWMART_SERVER_PARTS="receiver, worker") == ["worker", "receiver"]
    with pytest.raises(InvalidInput, match="FLOWMART_SERVER_"):
        running(monkeypatch, FLOWMART_SERVER_PARTS="workers")


def test_a_machine_without_a_server_is_told_whose_to_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWMART_SERVER_PARTS", "worker")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    root = MiniPlatform(tmp_path).repository
    with pytest.raises(InvalidInput, match="set PREFECT_API_URL"):
        lifecycle.up(root, lambda _: None)


def test_nothing_listens_for_others_without_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    with pytest.raises(InvalidInput, match="PREFECT_API_AUTH_STRING: set it to user:password"):
        foreground.run(tmp_path, "board", host="192.0.2.1")


def test_a_worker_in_the_foreground_needs_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(InvalidInput, match="PREFECT_API_URL: set it"):
        foreground.run(tmp_path, "worker")


def test_a_machine_on_which_nothing_was_started_is_not_healthy(tmp_path: Path) -> None:
    assert foreground.probe(tmp_path) == ["no process of the server was started here"]


def test_a_process_that_does_not_respond_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect/api")
    with socket.socket() as nobody:
        # Bound, and never listening: whoever connects is refused.
        nobody.bind(("127.0.0.1", 0))
        layout = ServerLayout(tmp_path.resolve(), sandbox=False)
        processes.recorded(layout, "board", os.getpid(), nobody.getsockname()[1])
        assert foreground.probe(tmp_path) == ["board does not respond"]
