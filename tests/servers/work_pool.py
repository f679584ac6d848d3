"""The work pool `units` of any platform: Prefect, a machine that works on units, and one that runs promotions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tasks.ledger.history import History
from tasks.settings import Settings
from tests.servers.machines import Machine
from tests.servers.prefect_api import asked

POOL = "units"


class WorkPool:
    """Real processes, which share nothing but addresses and the store.

    Args:
        folder: where the machines are.
        repository: the platform's; its environments name the pool.
        variables: what leads to the store, and to what units are about.
    """

    def __init__(self, folder: Path, repository: Path, variables: Mapping[str, str]) -> None:
        self._folder, self._repository = folder, repository
        self.server = Machine(folder, "server", repository, variables)
        up = self.server.flowmart("server", "up", "--json", FLOWMART_SERVER_PARTS="server,registrar").stdout
        found = json.loads(up)
        auth = Path(found["password"]).read_text().strip()
        self._led = {
            **variables,
            "PREFECT_API_URL": f"{found['ui']}/api",
            "PREFECT_API_AUTH_STRING": auth,
        }
        self.runs = Machine(folder, "runs", repository, self._led)
        self.history = History(Settings(repository=repository, store=variables["FLOWMART_STORE"]))

    def worker(self, name: str) -> Machine:
        """A machine for units; `running("server", "run", "worker")` is its worker."""
        led = {**self._led, "FLOWMART_SERVER_POOL": POOL, "FLOWMART_SERVER_LIMIT": "2"}
        return Machine(self._folder, name, self._repository, led)

    def down(self) -> None:
        """End Prefect and the registrar."""
        self.server.flowmart("server", "down")

    def flow_runs(self) -> list[dict[str, Any]]:
        """The flow runs that Prefect gave to the pool."""
        user, _, password = self._led["PREFECT_API_AUTH_STRING"].partition(":")
        address = self._led["PREFECT_API_URL"]
        with httpx.Client(base_url=address, auth=(user, password), timeout=300, trust_env=False) as client:
            found = asked(client, "POST", "/flow_runs/filter", {"work_pools": {"name": {"any_": [POOL]}}})
            return list(found)

    def jobs(self, environment: str) -> list[str]:
        """What is kept of jobs."""
        return list(self.history.store.folders(f"jobs/{environment}"))
