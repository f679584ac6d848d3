"""A registry and a repository of charts on loopback, both with a login, for the real helm."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

from tests.servers.certificates import Certificates

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@dataclass
class ChartServer:
    """What is served: files by path, with their types. `login` is "user:password", which every request needs."""

    address: str
    login: str
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def repository(self) -> str:
        """The address of the repository."""
        return f"https://{self.address}/charts"

    @property
    def registry(self) -> str:
        """The address of the registry's folder of charts."""
        return f"oci://{self.address}/charts"

    def offer(self, name: str, version: str, archive: bytes) -> None:
        """Have a chart in both."""
        path = f"/charts/{name}-{version}.tgz"
        self.files[path] = ("application/gzip", archive)
        self._index(name, version, archive)
        config = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
        layers = [self._blob(name, archive, _CONTENT)]
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": self._blob(name, config, _CONFIG)}
        text = json.dumps({**manifest, "layers": layers}).encode()
        for tag in (version, _digest(text)):
            self.files[f"/v2/charts/{name}/manifests/{tag}"] = (_MANIFEST, text)

    def _index(self, name: str, version: str, archive: bytes) -> None:
        found = self.files.get("/charts/index.yaml")
        index = yaml.safe_load(found[1]) if found else {"apiVersion": "v1", "entries": {}}
        urls = [f"{self.repository}/{name}-{version}.tgz"]
        entry = {"apiVersion": "v2", "name": name, "version": version, "urls": urls}
        index["entries"].setdefault(name, []).append({**entry, "digest": _digest(archive).partition(":")[2]})
        self.files["/charts/index.yaml"] = ("text/yaml", yaml.safe_dump(index).encode())

    def _blob(self, name: str, data: bytes, kind: str) -> Mapping[str, object]:
        digest = _digest(data)
        self.files[f"/v2/charts/{name}/blobs/{digest}"] = ("application/octet-stream", data)
        return {"mediaType": kind, "digest": digest, "size": len(data)}


@contextmanager
def serving(certificates: Certificates | None, login: str) -> Iterator[ChartServer]:
    """An empty one; without certificates it speaks no TLS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    if certificates:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    served = ChartServer(f"127.0.0.1:{server.server_port}", login)
    server.charts = served  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        charts: ChartServer = self.server.charts  # type: ignore[attr-defined]
        charts.asked.append(self.path)
        wanted = f"Basic {base64.b64encode(charts.login.encode()).decode()}"
        if self.headers.get("Authorization") != wanted:
            self._answer(401, "application/json", b"{}", {"WWW-Authenticate": 'Basic realm="charts"'})
        elif self.path == "/v2/":
            self._answer(200, "application/json", b"{}")
        elif self.path in charts.files:
            kind, data = charts.files[self.path]
            self._answer(200, kind, data, {"Docker-Content-Digest": _digest(data)})
        else:
            self._answer(404, "application/json", b'{"errors": [{"code": "NAME_UNKNOWN", "message": "not there"}]}')

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, status: int, kind: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
