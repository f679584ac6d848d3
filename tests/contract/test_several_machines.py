"""Two workers on their own machines, with one Prefect on PostgreSQL and one store on S3; nothing else is shared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults import at_once
from tests.servers import postgres
from tests.servers.machines import Machine, lost
from tests.servers.team import Team, holding, until

PLATFORM = """
platform: flowmart
trusted: ["arn:aws:iam::111111111111:root"]
environments:
  dev: {account: "222222222222", region: eu-west-1}
units:
  first: {engine: terraform, source: terraform/first, environments: [dev]}
  second: {engine: terraform, source: terraform/second, environments: [dev], needs: [first]}
"""


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
        made = Team(tmp_path_factory.mktemp("team"), variables, PLATFORM, database)
        made.add_worker("worker-1")
        made.add_worker("worker-2")
        stack.callback(made.server.flowmart, "server", "down")
        yield made


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
