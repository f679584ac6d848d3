"""The sandbox's clusters, started for these tests alone, and the real command-line tools that talk to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments import ports
from deployments.sandbox import kubernetes as clusters
from deployments.setup import kubernetes_tools

PROJECT = Path(__file__).resolve().parents[3]
TOOLS = Path(sys.executable).parent


@dataclass(frozen=True)
class Answer:
    """What a command wrote, and how it ended."""

    code: int
    out: str
    err: str


class Server:
    """The process that serves the clusters; it can be killed and started again."""

    def __init__(self, state: Path, names: tuple[str, ...]) -> None:
        self.state = state
        self.names = names
        self.port = ports.free()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [*clusters.command(self.port, self.state, self.names), "--pace", "0.1"]
        log = (self.state / "server.log").open("ab")
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        self._process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not clusters.answers(self.port, self.state):
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def end(self, how: int = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(20)

    def log(self) -> str:
        return (self.state / "server.log").read_text()


@dataclass(frozen=True)
class Console:
    """A shell with the kubeconfig of one user of one cluster."""

    kubeconfig: Path
    home: Path

    def kubectl(self, *arguments: str, stdin: str | None = None, fails: bool = False) -> str:
        return self._run("kubectl", *arguments, stdin=stdin, fails=fails)

    def helm(self, program: str, *arguments: str, fails: bool = False) -> str:
        return self._run(program, *arguments, fails=fails)

    def get(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(self.kubectl("get", *arguments, "-o", "yaml", "--show-managed-fields"))
        return found

    def apply(self, *items: Mapping[str, Any], fails: bool = False, options: tuple[str, ...] = ()) -> str:
        return self.kubectl("apply", "-f", "-", *options, stdin=yaml.safe_dump_all(items), fails=fails)

    def answer(self, program: str, *arguments: str, stdin: str | None = None) -> Answer:
        environment = {
            "PATH": f"{TOOLS}:/usr/bin:/bin",
            "HOME": str(self.home),
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECTL_EXTERNAL_DIFF": "diff -u -N",
        }
        command = [str(TOOLS / program), *arguments]
        done = subprocess.run(
            command, input=stdin, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def _run(self, program: str, *arguments: str, stdin: str | None = None, fails: bool = False) -> str:
        answer = self.answer(program, *arguments, stdin=stdin)
        assert bool(answer.code) is fails, f"{program} {' '.join(arguments)}: {answer}"
        return answer.out + answer.err


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    """helm, helm3 and kubectl, as the set-up provides them."""
    kubernetes_tools.provide(TOOLS, {})


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="flowmart-") as folder:
        started = Server(Path(folder), ("dev", "staging"))
        started.start()
        yield started
        started.end()


@pytest.fixture
def console(server: Server, tmp_path: Path) -> Console:
    """The administrator of the cluster dev."""
    return Console(clusters.path_of(server.state, "dev"), tmp_path)


@pytest.fixture
def namespace(console: Console) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    console.kubectl("create", "namespace", name)
    yield name
    console.kubectl("delete", "namespace", name, "--wait=false")


_SECURE = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def deployment(name: str = "web", image: str = "registry.example/web:1", replicas: int = 2, **spec: Any) -> Any:
    """A deployment with one container that listens on 8080, and that any namespace admits."""
    closed = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    ports = [{"name": "http", "containerPort": 8080}]
    container = {"name": "web", "image": image, "ports": ports, "securityContext": closed}
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "securityContext": _SECURE}}
    wanted = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": wanted | spec}


def service(name: str = "web") -> Any:
    """A service in front of that deployment."""
    spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def config(name: str = "settings", **data: str) -> Any:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
