"""Two workers on their own machines, with one Prefect on PostgreSQL and one store on S3; nothing else is shared."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest

from tasks.ledger.history import History
from tasks.settings import Settings
from tests import postgres, prefect_api
from tests.descendants import descendants
from tests.faults import at_once
from tests.machines import Machine, lost
from tests.mini import MiniPlatform
from tests.served import ENDED

PLATFORM = """
platform: flowmart
trusted: ["arn:aws:iam::111111111111:root"]
environments:
  dev: {account: "222222222222", region: eu-west-1}
units:
  first: {engine: terraform, source: terraform/first, environments: [dev]}
  second: {engine: terraform, source: terraform/second, environments: [dev], needs: [first]}
"""
ROOT = """
terraform {{
  backend "s3" {{
    bucket                      = "{bucket}"
    key                         = "states/{name}.tfstate"
    region                      = "eu-west-1"
    use_path_style              = true
    use_lockfile                = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
  }}
}}
resource "terraform_data" "it" {{
  input            = "{colour}"
  triggers_replace = "{colour}"
  provisioner "local-exec" {{ command = "while test -e $HOME/held; do sleep 0.2; done" }}
}}
output "colour" {{ value = terraform_data.it.output }}
"""
PATIENCE = 400.0


def until(true: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline, f"it never came to this: {what}"
        time.sleep(0.3)
    return found


class Team:
    """A Prefect server, and two machines with a worker each."""

    def __init__(self, folder: Path, variables: Mapping[str, str], database: str) -> None:
        self.bucket = variables["FLOWMART_STORE"].removeprefix("s3://")
        self.folder, self.variables = folder, variables
        self.mini = MiniPlatform(folder)
        self.mini.settings = Settings(repository=self.mini.repository, store=variables["FLOWMART_STORE"])
        self.mini.write("platform.yaml", PLATFORM)
        self.paint("blue")
        self.mini.commit()
        self.server = Machine(folder, "server", self.mini.repository, variables)
        self.serve(self.server, database)
        there = {**variables, "PREFECT_API_URL": self.api, "PREFECT_API_AUTH_STRING": self.auth}
        self.workers = [Machine(folder, name, self.mini.repository, there) for name in ("worker-1", "worker-2")]

    def serve(self, server: Machine, database: str) -> None:
        """Prefect and registrar, on the machine of the server, with a database."""
        limited = {"FLOWMART_SERVER_PARTS": "server,registrar", "FLOWMART_SERVER_DATABASE": database}
        up = json.loads(server.flowmart("server", "up", "--json", **limited).stdout)
        self.api, self.auth = f"{up['ui']}/api", Path(up["password"]).read_text().strip()

    def paint(self, colour: str) -> None:
        for name in ("first", "second"):
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

        return until(look, f"run {run} has ended\n{self.workers[0].log}\n{self.workers[1].log}")

    def ended_runs(self) -> dict[str, str]:
        """How each run ended that has; those of schedules are planned anew by every server."""
        found = self.ask("POST", "/flow_runs/filter", sort="START_TIME_DESC")
        return {run["id"]: run["state_name"] for run in found if run["state_type"] in ENDED}

    def objects(self, prefix: str) -> list[str]:
        """The names in the bucket that begin like this."""
        found = boto3.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    with postgres.started() as made:
        yield made


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, cluster: postgres.Cluster) -> Iterator[Team]:
    with ExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        database = cluster.database("prefect")
        variables = stack.enter_context(at_once.bucket())
        for name, value in variables.items():
            patched.setenv(name, value)
        made = Team(tmp_path_factory.mktemp("team"), variables, database)
        stack.callback(made.server.flowmart, "server", "down")
        yield made


def holding(machines: Mapping[str, psutil.Process]) -> str:
    """The machine on which terraform is held in the middle of an apply; empty while none is."""
    return next((name for name, each in machines.items() if descendants(each, "sleep", "0.2")), "")


def test_another_machine_recovers_what_a_lost_one_had_begun(team: Team) -> None:
    blue = team.release("blue")
    green = team.release("green")
    with ExitStack() as stack:
        machines = {each.name: stack.enter_context(each.running("server", "run", "worker")) for each in team.workers}
        assert team.ended(team.start("promote/flowmart-promote-dev", release=blue))["state_type"] == "COMPLETED"
        for each in team.workers:
            (each.home / "held").touch()
        run = team.start("promote/flowmart-promote-dev", release=green)
        gone = until(lambda: holding(machines), "an apply is held")
        lost(machines[gone])
        for each in team.workers:
            (each.home / "held").unlink()
        # Prefect notices by itself after some minutes without a sign of life; a person who knows is faster.
        team.ask("POST", f"/flow_runs/{run}/set_state", state={"type": "CRASHED"}, force=True)
        assert team.history.state("dev").claim is not None
        assert [name for name in team.objects("states/") if name.endswith(".tflock")] != []
        recovered = team.ended(team.start("recover/flowmart-recover-dev", run_is_over=True))
        assert recovered["state_type"] == "COMPLETED", recovered["state"]["message"]
        found = team.history.state("dev")
        assert (found.claim, found.verified, found.rejected) == (None, blue, frozenset())
        assert [name for name in team.objects("states/") if name.endswith(".tflock")] == []
        assert team.ended(team.start("promote/flowmart-promote-dev", release=green))["state_type"] == "COMPLETED"
    found = team.history.state("dev")
    assert (found.verified, {each.outputs["colour"] for each in found.receipts.values()}) == (green, {"green"})


def test_what_was_backed_up_is_served_again_elsewhere(team: Team, cluster: postgres.Cluster, tmp_path: Path) -> None:
    before = team.ended_runs()
    assert before
    heads = {name: team.history.state(name).head for name in team.history.ledger.environments()}
    team.server.flowmart("backup", str(tmp_path / "store"))
    cluster.run("pg_dump", "--format=custom", f"--file={tmp_path / 'prefect.dump'}", "prefect")
    team.server.flowmart("server", "down")
    database, store = cluster.database("restored"), f"s3://{team.bucket}/restored"
    cluster.run("pg_restore", "--no-owner", "--dbname=restored", str(tmp_path / "prefect.dump"))
    elsewhere = Machine(team.folder, "elsewhere", team.mini.repository, {**team.variables, "FLOWMART_STORE": store})
    elsewhere.flowmart("backup", store, FLOWMART_STORE=str(tmp_path / "store"))
    audited = json.loads(elsewhere.flowmart("audit", "--json").stdout)
    assert audited["heads"] == heads
    try:
        team.serve(elsewhere, database)
        # A schedule may have ended one more before the copy was made.
        assert before.items() <= team.ended_runs().items()
        assert team.ask("GET", "/deployments/name/promote/flowmart-promote-dev")["work_queue_name"] == "dev"
    finally:
        elsewhere.flowmart("server", "down")
