"""What the registrar makes of platform.yaml at a real Prefect server, and what it removes again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.sandbox import Sandbox
from deployments.server.registrar import Registrar
from tasks.domain.events import EnvironmentThawed
from tasks.domain.platform import Approval
from tasks.domain.release import Release
from tasks.ledger.history import History
from tasks.promotion import approval_requests, approvals
from tasks.promotion.approval_requests import Question
from tasks.promotion.approvals import Approver
from tasks.settings import Settings
from tests.servers import prefect_api

pytestmark = pytest.mark.sandbox

PLATFORM = """
platform: {platform}
environments:
  dev: {{}}
  {more}
units:
  first: {{engine: terraform, source: terraform/first, environments: [dev]}}
"""

QA = "qa: {after: dev, drift: {every: 15m}}"


class Team:
    """A platform of its own at a shared Prefect server."""

    def __init__(self, folder: Path, platform: str, api: str) -> None:
        self.platform, self._api, self._folder = platform, api, folder / platform
        (self._folder / "infrastructure/terraform/first").mkdir(parents=True)
        (self._folder / "infrastructure/terraform/first/main.tf").write_text("")
        self.declares("")
        chosen = Settings(repository=self._folder, store=str(self._folder / "store"))
        self.registrar, self.history = Registrar(chosen), History(chosen)
        self.registrar.look()

    def declares(self, more: str) -> None:
        text = PLATFORM.format(platform=self.platform, more=more)
        (self._folder / "infrastructure/platform.yaml").write_text(text)

    def ask(self, path: str, **body: Any) -> Any:
        with prefect_api.opened(self._api) as client:
            return prefect_api.asked(client, "POST", path, body)

    def deployments(self) -> dict[str, Any]:
        mine = {"name": {"any_": [self.platform]}}
        return {one["name"]: one for one in self.ask("/deployments/filter", work_pools=mine)}

    def queues(self) -> dict[str, int]:
        found = self.ask(f"/work_pools/{self.platform}/queues/filter")
        return {queue["name"]: queue["concurrency_limit"] for queue in found}

    def planned(self, deployment: str) -> int:
        return int(self.ask("/flow_runs/count", deployments={"id": {"any_": [deployment]}}))


@pytest.fixture
def api(prefect_server: Sandbox) -> Iterator[str]:
    address = f"{prefect_server.prefect_url}/api"
    with temporary_settings({PREFECT_API_URL: address}):
        yield address


@pytest.fixture
def team(tmp_path: Path, api: str) -> Team:
    return Team(tmp_path, "bakery", api)


def test_an_environment_that_is_added_has_everything_and_loses_it_when_it_is_removed(team: Team) -> None:
    before, queues = team.deployments(), team.queues()
    team.declares(QA)
    team.registrar.look()
    added = {name: one for name, one in team.deployments().items() if name not in before}
    assert set(added) == {f"bakery-{flow}-qa" for flow in ("promote", "rollback", "recover", "continue", "drift")}
    assert (team.queues().keys() - queues.keys(), team.queues()["qa"]) == ({"qa"}, 1)
    assert added["bakery-promote-qa"]["tags"] == ["bakery", "qa", "people"]
    assert added["bakery-promote-qa"]["parameters"] == {"environment": "qa"}
    assert "**qa now:** nothing here yet" in added["bakery-promote-qa"]["description"]
    (schedule,) = added["bakery-drift-qa"]["schedules"]
    assert (schedule["active"], schedule["schedule"]["interval"]) == (True, 900.0)
    form = team.deployments()["bakery-plan"]["parameter_openapi_schema"]["properties"]["environment"]
    assert form["enum"] == ["dev", "qa"]

    drift = added["bakery-drift-qa"]["id"]
    team.ask(f"/deployments/{drift}/create_flow_run", state={"type": "SCHEDULED"})
    assert team.planned(drift) > 0
    team.declares("")
    team.registrar.look()
    assert (team.deployments().keys(), team.queues()) == (before.keys(), queues)
    assert team.planned(drift) == 0


def test_a_work_pool_that_an_environment_names_is_made_and_its_deployment_goes_with_the_name(team: Team) -> None:
    team.declares("qa: {after: dev, work_pool: bakery-ovens}")
    team.registrar.look()
    (units,) = team.ask("/deployments/filter", work_pools={"name": {"any_": ["bakery-ovens"]}})
    assert (units["name"], units["tags"]) == ("bakery-units-bakery-ovens", ["bakery", "units"])
    assert units["pull_steps"] == team.deployments()["bakery-plan"]["pull_steps"]
    team.declares("qa: {after: dev}")
    team.registrar.look()
    assert team.ask("/deployments/filter", work_pools={"name": {"any_": ["bakery-ovens"]}}) == []


def test_a_work_pool_that_is_there_is_used_whatever_its_type(team: Team) -> None:
    team.ask("/work_pools/", name="bakery-pods", type="kubernetes", base_job_template={})
    team.declares("qa: {after: dev, work_pool: bakery-pods}")
    team.registrar.look()
    (units,) = team.ask("/deployments/filter", work_pools={"name": {"any_": ["bakery-pods"]}})
    assert units["name"] == "bakery-units-bakery-pods"
    (pool,) = team.ask("/work_pools/filter", work_pools={"name": {"any_": ["bakery-pods"]}})
    assert pool["type"] == "kubernetes"


def test_two_platforms_at_one_server_do_not_meet(team: Team, tmp_path: Path, api: str) -> None:
    other = Team(tmp_path, "winery", api)
    assert not team.deployments().keys() & other.deployments().keys()
    other.declares(QA)
    other.registrar.look()
    team.registrar.look()
    assert "winery-promote-qa" in other.deployments()
    assert not [name for name in team.deployments() if not name.startswith("bakery-")]
    assert "qa" not in team.queues()


def test_there_is_an_approval_to_start_only_while_something_waits_for_one(team: Team) -> None:
    ledger = team.history.ledger
    assert "bakery-approve" not in team.deployments()
    question = Question("dev", "d" * 64, {"first": "1 to create"}, Approval())
    approval_requests.want(ledger, Release("abc", "", {}), question, datetime.now(UTC))
    team.registrar.look()
    approve = team.deployments()["bakery-approve"]
    assert approve["parameter_openapi_schema"]["properties"]["digest"]["enum"][0].startswith("d" * 12)

    started = team.ask(
        f"/deployments/{approve['id']}/create_flow_run", parameters={"digest": "d" * 12, "name": "anna"}
    )
    approvals.approve(ledger, "d" * 12, Approver("anna", "Prefect UI", "nothing"), datetime.now(UTC))
    team.registrar.look()
    assert "bakery-approve" in team.deployments(), "the run that has not begun could not begin"
    team.ask(f"/flow_runs/{started['id']}/set_state", state={"type": "CANCELLED"})
    ledger.append("dev", EnvironmentThawed(reason="something happened"))
    team.registrar.look()
    assert "bakery-approve" not in team.deployments()
