"""What answers for a control plane's pods, and leads to its kubelet.

kube-apiserver sends what it sends to nodes and pods through a proxy, if it is configured so; this is that proxy. A
container that declares the port and is ready answers as in the sandbox's own clusters. Nothing else is reached.
https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

from prometheus_client import CONTENT_TYPE_LATEST

from deployments.sandbox.kubernetes.controllers import exposition, images, templates
from deployments.sandbox.kubernetes.objects import at
from deployments.sandbox.kubernetes.resources import Object

_AT_ONCE = 64 * 1024
_SOCKET = "network.sock"


class PodNetwork(ThreadingUnixStreamServer):
    """The proxy, which listens on a socket in a folder from the beginning.

    Args:
        folder: kube-apiserver works there.
        pods: all pods, whenever it is called.
        kubelet: the port of the kubelet, whenever it is called.
    """

    daemon_threads = True

    def __init__(self, folder: Path, pods: Callable[[], list[Object]], kubelet: Callable[[], int]) -> None:
        (folder / _SOCKET).unlink(missing_ok=True)
        # A socket's path must be short, and a folder's is as it is.
        with contextlib.chdir(folder):
            super().__init__(_SOCKET, _Connection)
        self.pods, self.kubelet = pods, kubelet
        self._folder = folder
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def option(self) -> str:
        """The option that leads kube-apiserver here; its file is written."""
        connection = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": _SOCKET}}}
        selected = [{"name": "cluster", "connection": connection}]
        kind = {"apiVersion": "apiserver.k8s.io/v1beta1", "kind": "EgressSelectorConfiguration"}
        file = self._folder / "network.json"
        file.write_text(json.dumps({**kind, "egressSelections": selected}))
        return f"--egress-selector-config-file={file}"


class _Connection(BaseHTTPRequestHandler):
    """One connection: a CONNECT, and then what a pod is asked, or whatever the kubelet understands."""

    protocol_version = "HTTP/1.1"
    server: PodNetwork
    _pod: Object | None = None

    def do_CONNECT(self) -> None:
        """Lead on to a pod or to the kubelet; 502 when nobody listens."""
        host, _, port = self.path.rpartition(":")
        if int(port) == self.server.kubelet() and host in ("", "127.0.0.1"):
            return self._relay(int(port))
        self._pod = listening(self.server.pods(), host, int(port))
        if self._pod is None:
            self.send_error(502, f"{self.path}: connection refused")
            return None
        self.send_response(200)
        return self.end_headers()

    def do_GET(self) -> None:
        """What the pod's container answers."""
        if self._pod is None:
            return self.send_error(405, "CONNECT first")
        path, metrics = self.path.partition("?")[0], self.path.rstrip("/").endswith("/metrics")
        body = exposition.metrics_of(self._pod, time.time()) if metrics else _said(self._pod, path)
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST if metrics else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: kube-apiserver logs what it asks for."""

    def _relay(self, port: int) -> None:
        self.close_connection = True
        with socket.create_connection(("127.0.0.1", port)) as there:
            self.send_response(200)
            self.end_headers()
            answers = threading.Thread(target=_copy, args=(there, self.connection), daemon=True)
            answers.start()
            _copy(self.connection, there)
            answers.join()


def listening(pods: list[Object], address: str, port: int) -> Object | None:
    """The pod at an address, if it is ready and declares the port."""
    for pod in pods:
        if at(pod, "status.podIP", "") == address and templates.is_ready(pod) and port in _ports(pod):
            return pod
    return None


def _ports(pod: Object) -> set[int]:
    return {port["containerPort"] for one in pod["spec"]["containers"] for port in one.get("ports") or ()}


def _said(pod: Object, path: str) -> bytes:
    return json.dumps(images.answer_of(pod, path)).encode()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Everything that comes, until one of them ends."""
    try:
        while received := source.recv(_AT_ONCE):
            target.sendall(received)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # The other side has gone, and with it whoever would want to know.
        return
