"""Send requests to a control plane as its administrator."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployments.peers.kubernetes.keys import Keys


class Administrator:
    """The administrator of the API on a port of 127.0.0.1."""

    def __init__(self, port: int, keys: Keys) -> None:
        self.address = f"https://127.0.0.1:{port}"
        self._keys = keys

    def opened(self, address: str) -> bytes:
        """Return the body at an address.

        Raises:
            OSError: The connection fails, or the response is an error.
        """
        return self._opened(urllib.request.Request(address))  # noqa: S310 -- loopback

    def request(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Send a request to the API.

        Args:
            method: The HTTP method.
            path: The path at the API, with its leading slash.
            body: JSON values; `None` for no body.

        Returns:
            The response; empty if it is 404 (not found) or 409 (already exists).

        Raises:
            OSError: The connection fails, or the response is another error.
        """
        address, content = f"{self.address}{path}", json.dumps(body).encode() if body else None
        kind = {"Content-Type": "application/json"}
        asked = urllib.request.Request(address, content, kind, method=method)  # noqa: S310 -- loopback
        try:
            found: dict[str, Any] = json.loads(self._opened(asked))
        except urllib.error.HTTPError as error:
            if error.code not in (404, 409):
                raise
            return {}
        return found

    def pods(self) -> list[dict[str, Any]]:
        """Return all pods."""
        found: list[dict[str, Any]] = self.request("GET", "/api/v1/pods").get("items", [])
        return found

    def write_kubeconfig(self, path: Path) -> None:
        """Write a kubeconfig that only its owner can read."""
        certificate, key = self._keys.certificate("admin")
        server = {"server": self.address, "certificate-authority-data": _encoded(self._keys.authority)}
        user = {"client-certificate-data": _encoded(certificate), "client-key-data": _encoded(key)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "peer", "cluster": server}],
            "users": [{"name": "admin", "user": user}],
            "contexts": [{"name": "peer", "context": {"cluster": "peer", "user": "admin"}}],
            "current-context": "peer",
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(content))

    def _opened(self, asked: urllib.request.Request) -> bytes:
        trusted = ssl.create_default_context(cafile=str(self._keys.authority))
        trusted.load_cert_chain(*self._keys.certificate("admin"))
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted))
        with urllib.request.build_opener(*handlers).open(asked, timeout=5) as answer:
            content: bytes = answer.read()
        return content


def is_ready(node: Mapping[str, Any]) -> bool:
    """Tell whether a node is ready for pods."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(found["type"] == "Ready" and found["status"] == "True" for found in conditions)


def _encoded(path: Path) -> str:
    return b64encode(path.read_bytes()).decode()
