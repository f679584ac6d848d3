"""prefect.yaml as it is, and as it must not be."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deployments.server import catalogue
from tasks import manifest
from tasks.domain.errors import InvalidInput

GOOD = """
definitions:
  queues: {plans: {limit: 4, priority: 3}}
deployments:
  - {name: dev, entrypoint: "flows/promote.py:promote", description: d, parameters: {environment: dev},
     work_pool: {name: flowmart, work_queue_name: dev}}
  - {name: qa, entrypoint: "flows/promote.py:promote", description: d, parameters: {environment: qa},
     work_pool: {name: flowmart, work_queue_name: qa}}
  - {name: flowmart, entrypoint: "flows/plan.py:plan", description: d,
     work_pool: {name: flowmart, work_queue_name: plans}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "prefect.yaml").write_text(GOOD)
    return tmp_path / "prefect.yaml"


def test_every_environment_of_the_platform_has_its_deployments(project: Path) -> None:
    names = [environment.name for environment in manifest.load(project / "infrastructure").environments]
    found = catalogue.load(project / "prefect.yaml", names)
    assert found.missing == ()
    for flow in ("promote", "rollback", "recover", "drift"):
        assert [one.environment for one in found.deployments if one.flow == flow] == names


def test_runs_of_one_environment_share_its_queue(project: Path) -> None:
    found = catalogue.load(project / "prefect.yaml", ["dev"])
    assert {one.queue for one in found.deployments if one.flow in ("promote", "rollback", "recover")} == {"dev"}
    assert catalogue.Queue("dev", limit=1, priority=1) in found.queues


def test_no_deployment_holds_a_lease(project: Path) -> None:
    """Prefect ends a run that cannot renew its deployment's concurrency lease."""
    declared = yaml.safe_load((project / "prefect.yaml").read_text())["deployments"]
    assert not [one["entrypoint"] for one in declared if "concurrency_limit" in one]


def test_no_two_drift_schedules_begin_in_the_same_minute(project: Path) -> None:
    declared = yaml.safe_load((project / "prefect.yaml").read_text())["deployments"]
    crons = [schedule["cron"] for one in declared for schedule in one.get("schedules", ())]
    minutes = [minute for cron in crons for minute in cron.split()[0].split(",")]
    assert len(minutes) == len(set(minutes))
    assert "0" not in minutes


def test_environments_that_the_platform_has_not_are_left_out_and_new_ones_are_named(file: Path) -> None:
    found = catalogue.load(file, ["dev", "staging"])
    assert [(one.flow, one.environment) for one in found.deployments] == [("promote", "dev"), ("plan", None)]
    assert found.missing == ("staging",)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "work_queue_name: plans",
            "work_queue_name: plan",
            r"flows/plan.py:plan \(flowmart\): queue plan is neither",
        ),
        ("limit: 4", "limit: none", r"definitions.queues.plans.limit"),
        ("name: qa,", "nam: qa,", r"deployments.1.nam"),
        ("deployments:", "deployments: [", r"while parsing"),
    ],
)
def test_a_mistake_is_named(file: Path, right: str, wrong: str, said: str) -> None:
    file.write_text(GOOD.replace(right, wrong))
    with pytest.raises(InvalidInput, match=said):
        catalogue.load(file, ["dev"])


def test_without_the_file_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"prefect\.yaml: No such file"):
        catalogue.load(tmp_path / "prefect.yaml", ["dev"])
