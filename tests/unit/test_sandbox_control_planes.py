"""Which clusters the sandbox has, who answers for the pods of real ones, and what is left of killed ones: nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.peers.kubernetes import programs
from deployments.peers.kubernetes.group import ProcessGroup
from deployments.sandbox import control_planes
from deployments.sandbox.control_planes import CHOICE
from deployments.sandbox.control_planes.network import PodNetwork, listening
from tasks.domain.errors import InvalidInput

PROJECT = Path(__file__).resolve().parents[2]
LONG = 60.0
"""Seconds that a busy machine may need."""
CONNECTS = """
import socket, sys, time
found = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
time.sleep(3600)
"""
BEGINS = """
import sys, time
from pathlib import Path
from deployments.peers.kubernetes.group import ProcessGroup
group = ProcessGroup(Path(sys.argv[1]), Path(sys.argv[1]))
for name in ("one", "two"):
    group.begin(name, Path(sys.executable), ["-c", sys.argv[2], sys.argv[3]])
time.sleep(3600)
"""


@pytest.fixture(autouse=True)
def nothing_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No program has been built, and nothing is asked for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in (CHOICE, programs.ASSETS, programs.CHOICE):
        monkeypatch.delenv(name, raising=False)


def provide(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of a control plane."""
    folder.mkdir()
    for program in programs.PROGRAMS[programs.chosen()]:
        (folder / program.name).touch()
    monkeypatch.setenv(programs.ASSETS, str(folder))


def test_the_sandboxs_own_api_is_the_default(tmp_path: Path) -> None:
    control_planes.choose(tmp_path)
    assert not control_planes.is_real(tmp_path)


def test_real_control_planes_are_refused_without_their_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHOICE, "envtest")
    with pytest.raises(InvalidInput, match="SANDBOX_CLUSTER=envtest: there is no etcd: run make peers-kubernetes"):
        control_planes.choose(tmp_path)


def test_no_program_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provide(tmp_path / "bin", monkeypatch)
    (tmp_path / "bin/kwok").unlink()
    monkeypatch.setenv(CHOICE, "envtest")
    with pytest.raises(InvalidInput, match="there is no kwok"):
        control_planes.choose(tmp_path)


def test_another_kind_of_clusters_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "kind")
    with pytest.raises(InvalidInput, match=r"kind: it is emulated \(the default\) or envtest"):
        control_planes.choose(tmp_path)


def test_a_sandbox_keeps_the_clusters_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provide(tmp_path / "bin", monkeypatch)
    monkeypatch.setenv(CHOICE, "envtest")
    control_planes.choose(tmp_path)
    monkeypatch.delenv(CHOICE)
    control_planes.choose(tmp_path)
    assert control_planes.is_real(tmp_path)
    monkeypatch.setenv(CHOICE, "emulated")
    with pytest.raises(InvalidInput, match="the sandbox's clusters are envtest; run flowmart sandbox down first"):
        control_planes.choose(tmp_path)


def pod(address: str, *, ready: bool = True, tag: str = "1.0.0") -> dict[str, Any]:
    container = {"name": "web", "image": f"web:{tag}", "ports": [{"name": "http", "containerPort": 8080}]}
    status = {"podIP": address, "conditions": [{"type": "Ready", "status": str(ready)}]}
    return {"metadata": {"name": f"pod-{address}"}, "spec": {"containers": [container]}, "status": status}


def test_a_pod_listens_on_its_declared_ports_once_it_is_ready() -> None:
    pods = [pod("10.244.0.1"), pod("10.244.0.2", ready=False)]
    assert listening(pods, "10.244.0.1", 8080) == pods[0]
    assert listening(pods, "10.244.0.1", 8081) is None
    assert listening(pods, "10.244.0.2", 8080) is None


class Kubelet:
    """Something that says on one port what it hears."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._echo, daemon=True).start()

    def _echo(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while heard := connection.recv(1024):
                connection.sendall(heard)


@pytest.fixture
def kubelet() -> Kubelet:
    return Kubelet()


@pytest.fixture
def connection(tmp_path: Path, kubelet: Kubelet) -> Iterator[socket.socket]:
    """One to the proxy of a cluster with one good pod, as kube-apiserver makes it."""
    network = PodNetwork(tmp_path, lambda: [pod("10.244.0.1")], lambda: kubelet.port)
    option = network.option().partition("=")[2]
    (selection,) = json.loads(Path(option).read_text())["egressSelections"]
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as made, contextlib.chdir(tmp_path):
        made.settimeout(LONG)
        made.connect(selection["connection"]["transport"]["uds"]["udsName"])
        yield made
    network.shutdown()
    network.server_close()


def said(connection: socket.socket, request: str, until: bytes) -> str:
    """What is answered, as far as that."""
    connection.sendall(request.encode())
    heard = b""
    while until not in heard:
        more = connection.recv(4096)
        assert more, heard
        heard += more
    return heard.decode()


def test_a_pod_answers_what_it_is_asked_through_the_proxy(connection: socket.socket) -> None:
    assert " 200 " in said(connection, "CONNECT 10.244.0.1:8080 HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n")
    answer = said(connection, "GET /health?full=1 HTTP/1.1\r\nHost: x\r\n\r\n", b"}")
    assert json.loads(answer.partition("\r\n\r\n")[2])["path"] == "/health"
    assert "http_requests_total" in said(
        connection, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"http_requests_total"
    )


def test_nobody_answers_for_what_is_no_pod(connection: socket.socket) -> None:
    answer = said(connection, "CONNECT 10.244.0.9:8080 HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n")
    assert " 502 10.244.0.9:8080: connection refused" in answer


def test_nothing_is_answered_before_a_pod_was_named(connection: socket.socket) -> None:
    assert " 405 CONNECT first" in said(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n")


def test_the_kubelet_is_reached_as_it_is(connection: socket.socket, kubelet: Kubelet) -> None:
    asked = f"CONNECT 127.0.0.1:{kubelet.port} HTTP/1.1\r\nHost: x\r\n\r\n"
    assert " 200 " in said(connection, asked, b"\r\n\r\n")
    assert said(connection, "\x16\x03 is TLS", b"TLS") == "\x16\x03 is TLS"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(LONG)
        yield made


def accepted(listener: socket.socket) -> socket.socket:
    """A connection that lasts as long as the process that made it."""
    connection, _ = listener.accept()
    connection.settimeout(LONG)
    return connection


def test_what_a_killed_process_began_ends_with_it(tmp_path: Path, listener: socket.socket) -> None:
    begins = [sys.executable, "-c", BEGINS, str(tmp_path), CONNECTS, str(listener.getsockname()[1])]
    started = subprocess.Popen(begins, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    connections = [accepted(listener) for _ in range(2)]
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert [connection.recv(1) for connection in connections] == [b"", b""]


def test_one_of_a_group_can_be_killed_and_started_again(tmp_path: Path, listener: socket.socket) -> None:
    group = ProcessGroup(tmp_path, tmp_path)
    options = ["-c", CONNECTS, str(listener.getsockname()[1])]
    group.begin("one", Path(sys.executable), options)
    first = accepted(listener)
    group.kill("one")
    assert first.recv(1) == b""
    group.begin("one", Path(sys.executable), options)
    second = accepted(listener)
    assert group.alive
    group.stop()
    assert second.recv(1) == b""


def test_programs_that_do_not_end_by_themselves_are_killed(
    tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.peers.kubernetes.group._GENTLY", 0.2)
    together = ProcessGroup(tmp_path, tmp_path)
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{CONNECTS}"
    for name in ("one", "two"):
        together.begin(name, Path(sys.executable), ["-c", stubborn, str(listener.getsockname()[1])])
    connections = [accepted(listener) for _ in range(2)]
    together.stop()
    assert [connection.recv(1) for connection in connections] == [b"", b""]
