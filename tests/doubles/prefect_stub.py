"""The two calls of Prefect's API that start a flow run, held against Prefect's own models, and the two that ask what
is planned (nothing is). Anything else is an error.

Faster to start and to break than a real server: for what happens when it is slow, gone, or says no.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prefect.client.schemas.actions import DeploymentFlowRunCreate

from deployments.prefect_server import deployment_of

FLOWS = ("pull-request", "deliver", "comment", "review", "merge-group")
PLATFORM = "flowmart"
DEPLOYMENTS = tuple(deployment_of(flow, PLATFORM) for flow in FLOWS)


@dataclass
class PrefectStub:
    """Remembers the runs that were started, in order, by key without the platform; and what is not Prefect's API."""

    address: str = ""
    deployments: dict[str, str] = field(default_factory=lambda: {name: str(uuid.uuid4()) for name in DEPLOYMENTS})
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0
    strange: list[str] = field(default_factory=list)
    status: int = 0
    """When set, every answer has it."""

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if self.status:
            return self.status, {"detail": "as told by the test"}
        parts = path.partition("?")[0].removeprefix("/api/").split("/")
        match method, parts:
            case "GET", ["csrf-token"]:
                return 422, {"detail": "CSRF protection is disabled."}
            case "GET", ["deployments", "name", flow, name]:
                return self._deployment(f"{flow}/{name}")
            case "POST", ["deployments", id, "create_flow_run"]:
                return self._run(id, DeploymentFlowRunCreate.model_validate_json(body))
            case "POST", ["deployments", "filter"]:
                return 200, []
            case "POST", ["flow_runs", "count"]:
                return 200, 0
            case _:
                self.strange.append(f"{method} {path}")
                return 405, {}

    def _deployment(self, name: str) -> tuple[int, Any]:
        if name not in self.deployments:
            return 404, {"detail": "Deployment not found"}
        return 200, {"id": self.deployments[name], "name": name.split("/")[1], "flow_id": str(uuid.uuid4())}

    def _run(self, deployment: str, wanted: DeploymentFlowRunCreate) -> tuple[int, Any]:
        if deployment not in self.deployments.values():
            return 404, {"detail": "Deployment not found"}
        self.asked += 1
        key = wanted.idempotency_key or self.strange.append("a run without a key") or str(uuid.uuid4())
        key = key.removeprefix(f"{PLATFORM}:")
        is_new = key not in self.runs
        run = {"id": str(uuid.uuid4()), "flow_id": str(uuid.uuid4()), "parameters": wanted.parameters}
        found = self.runs.setdefault(key, run | {"deployment_id": deployment, "idempotency_key": key})
        return (201 if is_new else 200), found


@contextmanager
def prefect_stub(stub: PrefectStub | None = None, port: int = 0) -> Iterator[PrefectStub]:
    """A stub that listens; given one, it goes on with what that remembers."""
    remembered = stub or PrefectStub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, found = remembered.answer(method, self.path, body)
            content = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", port), Handler) as server:
        remembered.address = f"http://127.0.0.1:{server.server_port}/api"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield remembered
        finally:
            server.shutdown()
            thread.join()
