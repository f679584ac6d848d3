"""The network of a control plane: it responds for pods and forwards to the kubelet.

If so configured, kube-apiserver sends its requests to nodes and pods through a proxy, and this is the proxy. A ready
container that declares the port responds as in the sandbox's own clusters. Nothing else is reachable.
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
    """The proxy. It listens on a socket in a folder as soon as it is created.

    Args:
        folder: The working folder of kube-apiserver.
        pods: Returns all pods.
        kubelet: Returns the kubelet's port.
    """

    daemon_threads = True

    def __init__(self, folder: Path, pods: Callable[[], list[Object]], kubelet: Callable[[], int]) -> None:
        (folder / _SOCKET).unlink(missing_ok=True)
        # A socket's path must be short, but the folder's path may be long.
        with contextlib.chdir(folder):
            super().__init__(_SOCKET, _Connection)
        self.pods, self.kubelet = pods, kubelet
        self._folder = folder
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def option(self) -> str:
        """Write the proxy's configuration, and return the option of kube-apiserver that selects it."""
        connection = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": _SOCKET}}}
        selected = [{"name": "cluster", "connection": connection}]
        kind = {"apiVersion": "apiserver.k8s.io/v1beta1", "kind": "EgressSelectorConfiguration"}
        file = self._folder / "network.json"
        file.write_text(json.dumps({**kind, "egressSelections": selected}))
        return f"--egress-selector-config-file={file}"


class _Connection(BaseHTTPRequestHandler):
    """One connection: a CONNECT, then a request to a pod, or the kubelet's traffic."""

    protocol_version = "HTTP/1.1"
    server: PodNetwork
    _pod: Object | None = None

    def do_CONNECT(self) -> None:
        """Connect to a pod or to the kubelet. Respond with 502 if nothing listens there."""
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
        """Send the response of the pod's container."""
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
        """Log nothing, because kube-apiserver logs its requests."""

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
    """Return the ready pod at an address that declares the port, or `None`."""
    for pod in pods:
        if at(pod, "status.podIP", "") == address and templates.is_ready(pod) and port in _ports(pod):
            return pod
    return None


def _ports(pod: Object) -> set[int]:
    return {port["containerPort"] for one in pod["spec"]["containers"] for port in one.get("ports") or ()}


def _said(pod: Object, path: str) -> bytes:
    return json.dumps(images.answer_of(pod, path)).encode()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy everything until one side closes."""
    try:
        while received := source.recv(_AT_ONCE):
            target.sendall(received)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # The other side is gone, so nobody needs the error.
        return
