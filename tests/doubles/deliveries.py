"""Deliveries as GitHub makes them, and the receiver's process to send them to: for tests and the benchmark."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psutil

from deployments import ports
from deployments.github.home import Home
from deployments.github.inbox import Inbox
from tasks.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
SECRET = "a secret that nobody guesses"
REPOSITORY = "flowmart/shop"
SHA = "ab" * 20
EXAMPLES = PROJECT / "tests" / "golden" / "github" / "deliveries.json.gz"
EXAMPLE = "Codertocat/Hello-World"
"""The repository of GitHub's own examples."""


@cache
def _examples() -> str:
    return gzip.decompress(EXAMPLES.read_bytes()).decode()


def examples() -> dict[str, list[dict[str, Any]]]:
    """Event -> GitHub's own examples of its payload."""
    found: dict[str, list[dict[str, Any]]] = json.loads(_examples())
    return found


@cache
def _of(event: str) -> str:
    return json.dumps(examples()[event])


def real(event: str) -> list[dict[str, Any]]:
    """GitHub's own examples of one event, for the caller to change."""
    found: list[dict[str, Any]] = json.loads(_of(event))
    return found


def pull_request(number: int = 7, action: str = "synchronize", sha: str = SHA, **more: Any) -> dict[str, Any]:
    """The payload of an event of a pull request, with what is read of it and little else."""
    repository = {"full_name": REPOSITORY, "default_branch": "main"}
    head = {"sha": sha, "ref": "topic", "repo": dict(repository)}
    found = {"number": number, "head": head, "updated_at": "2026-03-01T10:00:00Z", **more}
    return {"action": action, "number": number, "pull_request": found, "repository": repository}


def push(sha: str = SHA, ref: str = "refs/heads/main", pushed_at: int = 1_772_359_200, **more: Any) -> dict[str, Any]:
    """The payload of a push."""
    repository = {"full_name": REPOSITORY, "default_branch": "main", "pushed_at": pushed_at}
    return {"ref": ref, "after": sha, "deleted": False, "repository": repository, **more}


def comment(body: str, kind: str = "User") -> dict[str, Any]:
    """The payload of a new comment on a pull request."""
    return {
        "action": "created",
        "issue": {"number": 7, "pull_request": {"url": "https://api.github.com/repos/flowmart/shop/pulls/7"}},
        "comment": {"id": 99, "body": body, "user": {"login": "anna", "type": kind}},
        "repository": {"full_name": REPOSITORY},
    }


def review(state: str = "approved", **pull: Any) -> dict[str, Any]:
    """The payload of a submitted review."""
    said = {"id": 55, "state": state, "commit_id": SHA, "user": {"login": "anna", "type": "User"}}
    return pull_request(**pull) | {"action": "submitted", "review": said}


def headers(event: str, body: bytes, delivery: str = "", secret: str = SECRET) -> dict[str, str]:
    """The headers that GitHub sends with a body."""
    return {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": delivery or str(uuid.uuid4()),
        "x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


def merge_group(action: str = "checks_requested", sha: str = SHA, **more: Any) -> dict[str, Any]:
    """The payload of what a merge queue wants to have checked."""
    ref = "refs/heads/gh-readonly-queue/main/pr-7-" + SHA
    group = {"head_sha": sha, "head_ref": ref, "base_ref": "refs/heads/main", **more}
    return {"action": action, "merge_group": group, "repository": {"full_name": REPOSITORY}}


def home(inbox: Inbox, repository: str = REPOSITORY) -> Home:
    """The one repository whose deliveries count."""
    return Home(Settings(github_repository=repository, platform="flowmart"), inbox)


def encoded(payload: Any) -> bytes:
    """A payload as a body."""
    return json.dumps(payload).encode()


@dataclass(frozen=True)
class AppClient:
    """Sends requests to the receiver's app in this process. A mistake of the app is an answer of 500, as in life."""

    app: Any

    def post(self, body: bytes | AsyncIterator[bytes], headers: Mapping[str, str | bytes]) -> httpx.Response:
        return self._ask("POST", "/github/webhook", content=body, headers=headers)

    def get(self, path: str) -> httpx.Response:
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
                return await client.request(method, path, **request)

        return asyncio.run(ask())


@dataclass
class ReceiverProcess:
    """`python -m deployments.github`, that can be killed and started again."""

    folder: Path
    prefect: str
    variables: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook(self) -> str:
        return f"{self.address}/github/webhook"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.port = self.port or ports.free()
        command = [sys.executable, "-m", "deployments.github", "--port", str(self.port)]
        with (self.folder / "receiver.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=PROJECT, env=self._environment(), stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def end(self, how: int = signal.SIGTERM) -> int:
        """End it; its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(30)

    def health(self) -> dict[str, Any]:
        """What it says about itself."""
        found: dict[str, Any] = httpx.get(f"{self.address}/health", timeout=10).json()
        return found

    def cpu_seconds(self) -> float:
        """How much of a processor's time it has had so far."""
        assert self.process is not None
        spent = psutil.Process(self.process.pid).cpu_times()
        return float(spent.user + spent.system)

    def log(self) -> str:
        return (self.folder / "receiver.log").read_text()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health", timeout=5).is_success
        except httpx.TransportError:
            return False

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("FLOWMART_", "PREFECT_"))}
        return own | {
            "FLOWMART_GITHUB_WEBHOOK_SECRET": SECRET,
            "FLOWMART_GITHUB_REPOSITORY": EXAMPLE,
            "FLOWMART_GITHUB_INBOX": str(self.folder / "inbox.sqlite"),
            "FLOWMART_LOG": "json",
            "PREFECT_API_URL": self.prefect,
            "PREFECT_HOME": str(self.folder / "prefect"),
            **self.variables,
        }
