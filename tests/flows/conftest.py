"""Flows run for real: a Prefect server, terraform, and roles assumed in the sandbox's AWS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.sandbox import Sandbox
from tasks.ledger.history import History
from tests.doubles.listener import Listener
from tests.peers.tools import tool
from tests.platforms.mini import MiniPlatform
from tests.servers.clusters import PROJECT, SandboxCluster


@pytest.fixture(scope="session")
def _prefect(prefect_address: str) -> Iterator[None]:
    with temporary_settings({PREFECT_API_URL: prefect_address}):
        yield
        # What is logged must have reached the server before it ends: Prefect would wait for it at exit.
        APILogWorker.drain_all(timeout=30)
        EventsWorker.drain_all(timeout=30)


@pytest.fixture
def mini(tmp_path: Path, operator: Sandbox, _prefect: None, monkeypatch: pytest.MonkeyPatch) -> MiniPlatform:
    """A small platform, with the process's settings led to its store."""
    made = MiniPlatform(tmp_path)
    monkeypatch.setenv("FLOWMART_REPOSITORY", str(made.repository))
    monkeypatch.setenv("FLOWMART_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("FLOWMART_ACTOR", "tester")
    return made


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Who is notified of everything."""
    with Listener() as made:
        monkeypatch.setenv("FLOWMART_NOTIFY", made.address)
        yield made


@pytest.fixture
def history(mini: MiniPlatform) -> History:
    """What happened, asked of the same store."""
    return History(mini.settings)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxCluster]:
    """An empty cluster but for who may do what there, as the process's own."""
    made = SandboxCluster(tmp_path)
    access = str(PROJECT / "infrastructure/kubernetes/access")
    made.kubectl("apply", "--server-side", "--force-conflicts", "-k", access)
    monkeypatch.setenv("KUBECONFIG", str(made.kubeconfig))
    for name in ("helm", "kubectl"):
        monkeypatch.setenv(f"FLOWMART_{name.upper()}", tool(name))
    yield made
    made.stop()
