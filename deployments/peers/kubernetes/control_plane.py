"""Starting and stopping a control plane on loopback, in a folder.

The processes are started in the order in which they need each other, each once the one before it answers. Nothing is
kept: a new control plane begins empty. `FOLDER/kubeconfig` is the administrator's, and `FOLDER/log/` says why when
something does not start.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from deployments.peers.kubernetes import keys as certificates
from deployments.peers.kubernetes.keys import Keys
from deployments.peers.kubernetes.programs import path_of

_SECONDS = 120
"""How long a process may take until it answers: machines are busy."""
_SERVICES, _PODS = "10.0.0.0/24", "10.244.0.0/16"
_NODES = ("node-1", "node-2")
_CAPACITY = {"cpu": "8", "memory": "32Gi", "pods": "110"}
_STAGES = Path(__file__).with_name("stages.yaml")
_CONTAINER_LOG = "".join(
    f"2026-01-01T00:00:0{second}.000000000Z stdout F {line}\n"
    for second, line in enumerate(("starting", "cannot read configuration: DATABASE_URL is malformed", "giving up"))
)
"""What every container has written, in the format of container runtimes (CRI)."""


class NotStarted(Exception):
    """A process of the control plane ended, or does not answer."""


class ControlPlane:
    """The processes of one control plane. `stop` them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.kubeconfig = self.folder / "kubeconfig"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._port = _free_port()

    def start(self) -> None:
        """Start everything, and return once nodes are ready.

        Raises:
            NotStarted: a process ended or does not answer; nothing is left running.
            MissingProgram: a program is not there.
        """
        (self.folder / "log").mkdir(parents=True, exist_ok=True)
        keys = certificates.make(self.folder / "keys")
        self._write_kubeconfig(keys)
        try:
            self._start_all(keys)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all processes, the last one first."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes = []

    def _start_all(self, keys: Keys) -> None:
        etcd = f"http://127.0.0.1:{_free_port()}"
        self._begin("etcd", *_etcd_options(etcd, self.folder / "etcd"))
        self._await(f"{etcd}/health", "etcd")
        self._begin("kube-apiserver", *_server_options(etcd, self._port, keys, self.folder))
        self._await(f"https://127.0.0.1:{self._port}/readyz", "kube-apiserver")
        self._begin("kube-controller-manager", *_controller_options(self.kubeconfig, keys))
        self._begin("kube-scheduler", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--secure-port=0")
        kubelet = _free_port()
        self._begin("kwok", *_kwok_options(self.kubeconfig, keys, kubelet, self._kwok_settings()))
        for name in _NODES:
            self._request("POST", "/api/v1/nodes", _node(name))
        self._await_accounts()

    def _begin(self, name: str, *options: str) -> None:
        with (self.folder / "log" / f"{name}.log").open("wb") as log:
            started = subprocess.Popen([str(path_of(name)), *options], stdout=log, stderr=log, cwd=self.folder)
        self._processes.append(started)

    def _await(self, address: str, name: str) -> None:
        for _ in _attempts():
            self._require_alive(name)
            with contextlib.suppress(OSError, urllib.error.HTTPError):
                _opened(address, self.folder / "keys")
                return
        raise NotStarted(f"{name} does not answer within {_SECONDS} s; see {self.folder}/log/{name}.log")

    def _await_accounts(self) -> None:
        """Until the controllers work and the nodes are ready: nothing can be scheduled before."""
        for _ in _attempts():
            self._require_alive("kwok")
            account = self._request("GET", "/api/v1/namespaces/default/serviceaccounts/default")
            nodes = self._request("GET", "/api/v1/nodes").get("items", ())
            if account.get("metadata") and sum(map(_is_ready, nodes)) == len(_NODES):
                return
        raise NotStarted(f"no nodes are ready within {_SECONDS} s; see {self.folder}/log")

    def _require_alive(self, name: str) -> None:
        if any(process.poll() is not None for process in self._processes):
            said = (self.folder / "log" / f"{name}.log").read_text(errors="replace")[-2000:]
            raise NotStarted(f"a process ended while {name} was starting; see {self.folder}/log: {said}")

    def _request(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """What the API answers the administrator; empty for "not found"."""
        data = json.dumps(body).encode() if body else None
        asked = urllib.request.Request(
            f"https://127.0.0.1:{self._port}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        try:
            found: dict[str, Any] = json.loads(_opened(asked, self.folder / "keys"))
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return {}
        return found

    def _write_kubeconfig(self, keys: Keys) -> None:
        certificate, key = keys.certificate("admin")
        server = {"server": f"https://127.0.0.1:{self._port}", "certificate-authority-data": _encoded(keys.authority)}
        user = {"client-certificate-data": _encoded(certificate), "client-key-data": _encoded(key)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "peer", "cluster": server}],
            "users": [{"name": "admin", "user": user}],
            "contexts": [{"name": "peer", "context": {"cluster": "peer", "user": "admin"}}],
            "current-context": "peer",
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(content))

    def _kwok_settings(self) -> Path:
        """The stages of nodes and pods, and what containers log."""
        log, settings = self.folder / "container.log", self.folder / "kwok.yaml"
        log.write_text(_CONTAINER_LOG)
        logs = {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterLogs",
            "metadata": {"name": "all"},
            "spec": {"logs": [{"logsFile": str(log), "previousLogsFile": str(log)}]},
        }
        settings.write_text(f"{_STAGES.read_text()}---\n{json.dumps(logs)}\n")
        return settings


def _etcd_options(address: str, data: Path) -> Sequence[str]:
    addresses = (f"--listen-client-urls={address}", f"--advertise-client-urls={address}")
    # Without waiting for the disk: a control plane begins empty, so there is nothing to lose.
    return (*addresses, "--listen-peer-urls=http://127.0.0.1:0", f"--data-dir={data}", "--unsafe-no-fsync")


def _server_options(etcd: str, port: int, keys: Keys, folder: Path) -> Sequence[str]:
    certificate, key = keys.certificate("server")
    client, client_key = keys.certificate("admin")
    public, private = keys.accounts
    return (
        f"--etcd-servers={etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={_SERVICES}",
        f"--cert-dir={folder / 'certificates'}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--client-ca-file={keys.authority}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={public}",
        f"--service-account-signing-key-file={private}",
        f"--kubelet-client-certificate={client}",
        f"--kubelet-client-key={client_key}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
    )


def _controller_options(kubeconfig: Path, keys: Keys) -> Sequence[str]:
    return (
        f"--kubeconfig={kubeconfig}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={keys.accounts[1]}",
        f"--root-ca-file={keys.authority}",
        f"--cluster-signing-cert-file={keys.authority}",
        f"--cluster-signing-key-file={keys.authority_key}",
        "--enable-hostpath-provisioner",
        "--leader-elect=false",
        "--secure-port=0",
    )


def _kwok_options(kubeconfig: Path, keys: Keys, port: int, settings: Path) -> Sequence[str]:
    certificate, key = keys.certificate("server")
    return (
        f"--kubeconfig={kubeconfig}",
        f"--config={settings}",
        "--manage-all-nodes=true",
        # Without leases nodes count as lost after a minute.
        "--node-lease-duration-seconds=40",
        f"--cidr={_PODS}",
        "--node-ip=127.0.0.1",
        f"--node-port={port}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--server-address=127.0.0.1:{port}",
    )


def _node(name: str) -> dict[str, Any]:
    status = {"allocatable": _CAPACITY, "capacity": _CAPACITY}
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def _is_ready(node: Mapping[str, Any]) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)


def _opened(asked: urllib.request.Request | str, keys: Path) -> bytes:
    """What is answered to the administrator."""
    found = Keys(keys)
    trusted = ssl.create_default_context(cafile=str(found.authority))
    trusted.load_cert_chain(*found.certificate("admin"))
    handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted))
    with urllib.request.build_opener(*handlers).open(asked, timeout=5) as answer:
        content: bytes = answer.read()
    return content


def _attempts() -> Iterator[None]:
    """One at once, then one every 0.1 s for as long as a process may take."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(0.1)


def _encoded(path: Path) -> str:
    return b64encode(path.read_bytes()).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
