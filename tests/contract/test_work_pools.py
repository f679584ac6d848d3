"""Units of an environment with a work pool: planned and applied by workers that share nothing but Prefect and the
store with the run that holds the claim; killed in the middle, and not there at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults import at_once
from tests.servers.descendants import descendants, has_ended, starter_of
from tests.servers.machines import Machine, lost
from tests.servers.team import Team, holding, until

PLATFORM = """
platform: flowmart
trusted: ["arn:aws:iam::111111111111:root"]
environments:
  dev: {account: "222222222222", region: eu-west-1, work_pool: units}
  far: {account: "333333333333", region: eu-west-1, work_pool: nobody}
units:
  first: {engine: terraform, source: terraform/first, environments: [dev]}
  second: {engine: terraform, source: terraform/second, environments: [dev]}
  third:
    engine: terraform
    source: terraform/third
    environments: [dev]
    needs: [first]
    inputs: {seen: "{first.colour}"}
  lonely: {engine: terraform, source: terraform/lonely, environments: [far], time_limit: 20s}
"""


PATIENCE = 1500.0
"""Seconds: every job is a process that imports Prefect, and the machine may have better things to do."""


class Pool(Team):
    """The team, with two machines for units and one that runs promotions."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        super().__init__(folder, variables, PLATFORM)
        # One job at a time each: units that are worked on at once are on both.
        for name in ("units-1", "units-2"):
            self.add_worker(name, FLOWMART_SERVER_POOL="units", FLOWMART_SERVER_LIMIT="1")
        led = {"PREFECT_API_URL": self.api, "PREFECT_API_AUTH_STRING": self.auth}
        self.runs = Machine(folder, "runs", self.mini.repository, {**variables, **led})

    def hold(self, held: bool) -> None:
        """Have every apply wait in the middle, or go on."""
        for each in self.workers:
            (each.home / "held").touch() if held else (each.home / "held").unlink(missing_ok=True)

    def colours(self) -> dict[str, Any]:
        return {name: each.outputs["colour"] for name, each in self.history.state("dev").receipts.items()}

    def kinds(self, environment: str = "dev") -> list[str]:
        entries = self.history.ledger.entries(environment)
        return [f"{each.kind} {each.body.get('unit', '')}".strip() for each in entries]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    with ExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        variables = stack.enter_context(at_once.bucket())
        folder = tmp_path_factory.mktemp("pool")
        for name, value in variables.items():
            patched.setenv(name, value)
        made = Pool(folder, {**variables, "FLOWMART_LOG_FOLDER": str(folder / "log")})
        stack.callback(made.server.flowmart, "server", "down")
        yield made


@pytest.fixture
def workers(team: Pool) -> Iterator[dict[str, psutil.Process]]:
    with ExitStack() as stack:
        yield {each.name: stack.enter_context(each.running("server", "run", "worker")) for each in team.workers}
    team.hold(False)


def job_of(machine: psutil.Process) -> psutil.Process:
    """The process of the job whose apply is held: that of the one terraform on a machine, which started it."""
    (held,) = descendants(machine, "terraform")
    return starter_of(held)


def test_units_are_spread_over_the_machines_of_a_pool_and_a_job_that_is_killed_is_observed(
    team: Pool, workers: Mapping[str, psutil.Process]
) -> None:
    blue = team.release("blue")
    team.hold(True)
    with team.runs.running("promote", blue, "--to", "dev") as promotion:
        gone = until(lambda: holding(workers), "an apply is held", PATIENCE)
        job_of(workers[gone]).kill()
        team.hold(False)
        until(lambda: has_ended(promotion), "the promotion has ended", PATIENCE)
    state = team.history.state("dev")
    assert (state.claim, state.verified, set(team.colours().values())) == (None, blue, {"blue"}), team.runs.log
    assert state.receipts["third"].outputs["seen"] == "blue"
    told = [kind for kind in team.kinds() if kind.startswith(("unanswered", "observed"))]
    assert [kind.split()[0] for kind in told] == ["unanswered", "observed"]
    (promoted,) = team.ask("POST", "/flow_runs/filter", flows={"name": {"any_": ["promote"]}})
    jobs = team.ask("POST", "/flow_runs/filter", flows={"name": {"any_": ["unit"]}})
    of_it = {"parent_flow_run_id": {"any_": [promoted["id"]]}}
    children = team.ask("POST", "/flow_runs/filter", flow_runs=of_it)
    assert sorted(run["id"] for run in children) == sorted(run["id"] for run in jobs)
    assert [run["state_name"] for run in jobs if run["state_name"] != "Completed"] == ["Crashed"]
    assert [each.name for each in team.workers if any(run["name"] in each.log for run in jobs)] == [*workers]
    logged = json.loads(team.runs.flowmart("logs", promoted["id"], "--json").stdout)
    assert {run["id"].replace("-", "") for run in jobs} <= {line["trace"]["id"] for line in logged if "trace" in line}


@pytest.mark.faults
def test_a_run_that_is_lost_with_a_machine_of_its_units_is_recovered_elsewhere(
    team: Pool, workers: Mapping[str, psutil.Process]
) -> None:
    before = team.history.state("dev").verified
    team.hold(True)
    team.paint("red", "second")
    with team.runs.running("promote", team.mini.release().id, "--to", "dev") as promotion:
        gone = until(lambda: holding(workers), "an apply is held", PATIENCE)
        lost(workers[gone])
        lost(promotion)
    team.hold(False)
    assert [name for name in team.objects("states/") if name.endswith(".tflock")] != []
    team.runs.flowmart("recover", "dev", "--run-is-over")
    state = team.history.state("dev")
    assert (state.claim, state.verified, state.rejected) == (None, before, frozenset())
    assert [name for name in team.objects("states/") if name.endswith(".tflock")] == []


def test_without_a_worker_nothing_is_changed_and_the_pool_is_named(team: Pool) -> None:
    ended = team.runs.ended("promote", team.release("grey"), "--to", "far")
    assert ended.returncode == 3
    assert "no worker of the work pool nobody" in ended.stderr
    assert team.kinds("far") == ["claimed", "closed"]
