"""A Prefect server and workers, each on a machine of its own, for a platform of Terraform roots with states on S3."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import yaml

from tasks.ledger.history import History
from tasks.settings import Settings
from tests.platforms.mini import S3_BACKEND, MiniPlatform
from tests.servers import prefect_api
from tests.servers.descendants import descendants
from tests.servers.machines import Machine
from tests.servers.served import ENDED

ROOT = (
    S3_BACKEND
    + """variable "seen" {{
  type    = string
  default = ""
}}
resource "terraform_data" "it" {{
  input            = "{colour}"
  triggers_replace = "{colour}"
  provisioner "local-exec" {{ command = "while test -e $HOME/held; do sleep 0.2; done" }}
}}
output "colour" {{ value = terraform_data.it.output }}
output "seen" {{ value = var.seen }}
"""
)
PATIENCE = 400.0


def until(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    deadline = time.monotonic() + patience
    while not (found := true()):
        assert time.monotonic() < deadline, f"it never came to this: {what}"
        time.sleep(0.3)
    return found


class Team:
    """A Prefect server, and machines with a worker each.

    Args:
        folder: where all of them are.
        variables: what leads to the store in a bucket.
        platform: the platform.yaml; every unit's source is terraform/<its name>.
        database: the address of a PostgreSQL; "" for SQLite.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str], platform: str, database: str = "") -> None:
        self.bucket = variables["FLOWMART_STORE"].removeprefix("s3://")
        self.folder, self.variables = folder, variables
        self.mini = MiniPlatform(folder)
        self.mini.settings = Settings(repository=self.mini.repository, store=variables["FLOWMART_STORE"])
        self.units = sorted(yaml.safe_load(platform)["units"])
        self.mini.write("platform.yaml", platform)
        self.paint("blue")
        self.mini.commit()
        self.server = Machine(folder, "server", self.mini.repository, variables)
        self.serve(self.server, database)
        self.workers: list[Machine] = []

    def add_worker(self, name: str, **variables: str) -> Machine:
        """Another machine, led to the server."""
        led = {"PREFECT_API_URL": self.api, "PREFECT_API_AUTH_STRING": self.auth}
        self.workers.append(Machine(self.folder, name, self.mini.repository, {**self.variables, **led, **variables}))
        return self.workers[-1]

    def serve(self, server: Machine, database: str) -> None:
        """Prefect and registrar, on the machine of the server, with a database."""
        limited = {"FLOWMART_SERVER_PARTS": "server,registrar", "FLOWMART_SERVER_DATABASE": database}
        up = json.loads(server.flowmart("server", "up", "--json", **limited).stdout)
        self.api, self.auth = f"{up['ui']}/api", Path(up["password"]).read_text().strip()

    def paint(self, colour: str, *units: str) -> None:
        """Give units another value; all of them if none is named."""
        for name in units or self.units:
            self.mini.write(f"terraform/{name}/main.tf", ROOT.format(bucket=self.bucket, name=name, colour=colour))

    def release(self, colour: str) -> str:
        self.paint(colour)
        return self.mini.release(f"Paint it {colour}").id

    @property
    def history(self) -> History:
        return History(self.mini.settings)

    def ask(self, method: str, path: str, **body: Any) -> Any:
        user, _, password = self.auth.partition(":")
        with httpx.Client(base_url=self.api, auth=(user, password), timeout=300, trust_env=False) as client:
            return prefect_api.asked(client, method, path, body or None)

    def start(self, name: str, **parameters: Any) -> str:
        found = self.ask("GET", f"/deployments/name/{name}")["id"]
        return str(self.ask("POST", f"/deployments/{found}/create_flow_run", parameters=parameters)["id"])

    def ended(self, run: str) -> Any:
        def look() -> Any:
            found = self.ask("GET", f"/flow_runs/{run}")
            return found if found["state_type"] in ENDED else None

        return until(look, "\n".join([f"run {run} has ended", *(each.log for each in self.workers)]))

    def ended_runs(self) -> dict[str, str]:
        """How each run ended that has; those of schedules are planned anew by every server."""
        found = self.ask("POST", "/flow_runs/filter", sort="START_TIME_DESC")
        return {run["id"]: run["state_name"] for run in found if run["state_type"] in ENDED}

    def objects(self, prefix: str) -> list[str]:
        """The names in the bucket that begin like this."""
        found = boto3.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]


def holding(machines: Mapping[str, psutil.Process]) -> str:
    """The machine on which terraform is held in the middle of an apply; empty while none is."""
    return next((name for name, each in machines.items() if descendants(each, "sleep", "0.2")), "")
