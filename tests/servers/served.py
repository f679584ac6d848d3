"""A small platform behind a real server: Prefect, registrar and worker as `flowmart server up` starts them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments import profile, server
from deployments.sandbox import Sandbox
from deployments.server.layout import ServerLayout
from tasks.ledger.history import History
from tests.platforms.mini import MiniPlatform
from tests.servers import prefect_api

ENDED = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")


class Served:
    """The server of a mini platform in `folder`. This process's variables lead to its AWS."""

    def __init__(self, folder: Path) -> None:
        self.mini = MiniPlatform(folder)
        self.root = self.mini.repository
        (self.root / ".gitignore").write_text(".flowmart/\n")
        self.layout = ServerLayout(self.root.resolve(), sandbox=False)
        self.said: list[str] = []

    def up(self) -> server.Serving:
        self.said.clear()
        return server.up(self.root, self.said.append)

    def down(self) -> None:
        self.said.clear()
        server.down(self.root, self.said.append)

    def pids(self) -> dict[str, int | None]:
        return {part.name: part.pid for part in server.status(self.root)}

    @property
    def history(self) -> History:
        """What happened, asked of the store."""
        return History(self.mini.settings)

    @property
    def variables(self) -> dict[str, str]:
        """What the commands of this platform are led by."""
        return profile.read(self.layout.profile)

    def api(self, auth: bool = True) -> httpx.Client:
        """Prefect's API, with the password or without."""
        user, _, password = self.layout.password.read_text().partition(":")
        given = (user, password) if auth else None
        return httpx.Client(base_url=self.variables["PREFECT_API_URL"], auth=given, timeout=300, trust_env=False)

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """Ask the API, as who has the password."""
        with self.api() as client:
            return prefect_api.asked(client, method, path, body or None)

    def deployment(self, name: str) -> Any:
        """`flow/name`, as Prefect has it."""
        return self.ask("GET", f"/deployments/name/{name}")

    def start(self, name: str, /, **parameters: Any) -> str:
        """Start a deployment as a form does; the run's id."""
        found = self.deployment(name)["id"]
        return str(self.ask("POST", f"/deployments/{found}/create_flow_run", parameters=parameters)["id"])

    def runs(self, name: str) -> set[str]:
        """The ids of all runs of a deployment."""
        of = {"deployments": {"id": {"any_": [self.deployment(name)["id"]]}}}
        return {str(run["id"]) for run in self.ask("POST", "/flow_runs/filter", **of)}

    def new_run(self, name: str, before: set[str]) -> str:
        """The id of a run of a deployment that is none of those before, as soon as there is one."""
        deadline = time.monotonic() + 240
        while not (found := self.runs(name) - before):
            assert time.monotonic() < deadline, f"no run of {name} was started"
            time.sleep(0.2)
        return found.pop()

    def ended(self, run: str, within: float = 240.0) -> Any:
        """The run, once it has ended."""
        deadline = time.monotonic() + within
        while (found := self.ask("GET", f"/flow_runs/{run}"))["state_type"] not in ENDED:
            assert time.monotonic() < deadline, f"{found['name']} is still {found['state_name']}"
            time.sleep(0.5)
        return found

    def waits(self, environment: str) -> None:
        """Return once a run says that it waits for an environment."""
        deadline = time.monotonic() + 240
        while not any(_told(line["message"], environment, "waits") for line in self._newest_lines()):
            assert time.monotonic() < deadline, f"nobody waits for {environment}"
            time.sleep(0.5)

    def waits_for(self, condition: Callable[[], bool]) -> None:
        """Return once something is so."""
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "it did not come about within a minute"
            time.sleep(0.5)

    def _offered(self, name: str, parameter: str) -> list[str]:
        """What a form offers; nothing where it is not there."""
        with self.api() as client:
            answer = client.get(f"/deployments/name/{name}")
        if answer.status_code != 200:
            return [""]
        found: list[str] = answer.json()["parameter_openapi_schema"]["properties"][parameter].get("enum")
        return found or [""]

    def _newest_lines(self) -> Any:
        return self.ask("POST", "/logs/filter", sort="TIMESTAMP_DESC", limit=100)

    def choices(self, name: str, parameter: str, first: str) -> list[str]:
        """What a form offers, once the choice that comes first there begins with `first`."""
        deadline = time.monotonic() + 300
        while True:
            offered = self._offered(name, parameter)
            if offered[0].startswith(first):
                return [str(choice) for choice in offered]
            assert time.monotonic() < deadline, f"{name} offers {offered}"
            time.sleep(0.5)


def _told(message: str, *words: str) -> bool:
    return message.split()[: len(words)] == list(words)


@contextmanager
def at_a_sandbox(sandbox: Sandbox, folder: Path) -> Iterator[Served]:
    """A mini platform to serve, with this process led to the sandbox's AWS; whatever was started is ended."""
    found = Served(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.variables.items():
            patch.setenv(name, value)
        patch.setenv("FLOWMART_PROFILE", "none")
        patch.setenv("FLOWMART_STORE", found.mini.settings.store)
        patch.setenv("FLOWMART_SERVER_PORT", "0")
        patch.delenv("PREFECT_API_URL", raising=False)
        try:
            yield found
        finally:
            found.down()
