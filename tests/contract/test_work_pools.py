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

from tests.descendants import descendants
from tests.faults import at_once
from tests.machines import Machine, lost
from tests.team import Team, holding, until

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
    needs: [first, second]
    inputs: {seen: "{first.colour}"}
  lonely: {engine: terraform, source: terraform/lonely, environments: [far], time_limit: 20s}
"""


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

    def kinds(self) -> list[str]:
        entries = self.history.ledger.entries("dev")
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
    """The process of the job whose apply is held."""
    held = descendants(machine, "sleep", "0.2")[0]
    return next(each for each in held.parents() if each.name().startswith("python"))


def test_units_are_spread_over_the_machines_of_a_pool(team: Pool, workers: Mapping[str, psutil.Process]) -> None:
    team.runs.flowmart("promote", team.release("blue"), "--to", "dev")
    assert set(team.colours().values()) == {"blue"}
    assert team.history.state("dev").receipts["third"].outputs["seen"] == "blue"
    jobs = team.ask("POST", "/flow_runs/filter", flows={"name": {"any_": ["unit"]}})
    assert {run["state_name"] for run in jobs} == {"Completed"}
    (promotion,) = team.ask("POST", "/flow_runs/filter", flows={"name": {"any_": ["promote"]}})
    children = {"parent_flow_run_id": {"any_": [promotion["id"]]}}
    assert {run["id"] for run in team.ask("POST", "/flow_runs/filter", flow_runs=children)} == {
        run["id"] for run in jobs
    }
    assert all(any(run["name"] in each.log for run in jobs) for each in team.workers)
    lines = json.loads(team.runs.flowmart("logs", promotion["id"], "--json").stdout)
    assert lines


def test_a_job_that_is_killed_in_an_apply_is_observed(team: Pool, workers: Mapping[str, psutil.Process]) -> None:
    green = team.release("green")
    team.hold(True)
    with team.runs.running("promote", green, "--to", "dev") as promotion:
        gone = until(lambda: holding(workers), "an apply is held")
        job_of(workers[gone]).kill()
        team.hold(False)
        until(lambda: not promotion.is_running() or promotion.status() == psutil.STATUS_ZOMBIE, team.runs.log)
    state = team.history.state("dev")
    assert (state.claim, state.verified, set(team.colours().values())) == (None, green, {"green"}), team.runs.log
    assert [kind.split()[0] for kind in team.kinds() if kind.startswith(("unanswered", "observed"))] == [
        "unanswered",
        "observed",
    ]


def test_a_run_that_is_lost_with_a_machine_of_its_units_is_recovered_elsewhere(
    team: Pool, workers: Mapping[str, psutil.Process]
) -> None:
    before = team.history.state("dev").verified
    team.hold(True)
    with team.runs.running("promote", team.release("red"), "--to", "dev") as promotion:
        gone = until(lambda: holding(workers), "an apply is held")
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
    assert team.history.state("far").attempted == ()
