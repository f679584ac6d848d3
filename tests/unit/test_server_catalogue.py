"""prefect.yaml as it is, and as it must not be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from deployments.server import catalogue
from deployments.server.catalogue import Catalogue
from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Environment, Platform, Rehearsal

GOOD = """
definitions:
  queues: {plans: {limit: 4, priority: 3}}
deployments:
  - {name: "{platform}-promote-{environment}", entrypoint: "flows/promote.py:promote", description: d,
     parameters: {environment: "{environment}"}, tags: ["{platform}", "{environment}"],
     work_pool: {name: "{platform}", work_queue_name: "{environment}"},
     schedules: [{interval: "{drift_every}"}]}
  - {name: "{platform}-plan", entrypoint: "flows/plan.py:plan", description: d,
     work_pool: {name: "{platform}", work_queue_name: plans}}
"""


def platform(*environments: str, name: str = "shop") -> Platform:
    return Platform(name, tuple(Environment(each) for each in environments), ())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "prefect.yaml").write_text(GOOD)
    return tmp_path / "prefect.yaml"


@pytest.fixture
def ours(project: Path) -> Catalogue:
    """What FlowMart's own platform has."""
    return catalogue.load(project / "prefect.yaml", manifest.load(project / "infrastructure"))


def test_every_environment_of_the_platform_has_its_deployments(ours: Catalogue, project: Path) -> None:
    names = [environment.name for environment in manifest.load(project / "infrastructure").environments]
    for flow in ("promote", "rollback", "resume", "recover", "drift"):
        assert [one.environment for one in ours.deployments if one.flow == flow] == names


def test_prefect_yaml_names_no_environment(project: Path) -> None:
    text = (project / "prefect.yaml").read_text()
    names = [environment.name for environment in manifest.load(project / "infrastructure").environments]
    assert [name for name in names if name in text] == []


def test_no_two_deployments_have_the_same_name(ours: Catalogue) -> None:
    names = [one.name for one in ours.deployments]
    assert len(names) == len(set(names))


def test_what_github_starts_can_be_told_from_what_people_start(ours: Catalogue) -> None:
    internal = {one.flow for one in ours.deployments if "people" not in one.tags}
    assert internal == {"pull_request", "deliver", "comment", "review", "merge_group"}
    assert internal == {one.flow for one in ours.deployments if one.name.startswith("flowmart-github-")}


def test_two_platforms_share_no_name(project: Path) -> None:
    mine, yours = (catalogue.load(project / "prefect.yaml", platform("dev", name=name)) for name in ("mine", "yours"))
    names = [{one.name for one in found.deployments} for found in (mine, yours)]
    assert not names[0] & names[1]
    assert all("mine" in one.tags for one in mine.deployments)
    assert (mine.platform, yours.platform) == ("mine", "yours")


def test_runs_of_one_environment_share_its_queue(ours: Catalogue) -> None:
    there = [one for one in ours.deployments if one.environment == "dev" and one.flow != "drift"]
    assert {one.queue for one in there} == {"dev"}
    assert catalogue.Queue("dev", limit=1, priority=1) in ours.queues


def test_no_deployment_holds_a_lease(project: Path) -> None:
    """Prefect ends a run that cannot renew its deployment's concurrency lease."""
    declared = yaml.safe_load((project / "prefect.yaml").read_text())["deployments"]
    assert not [one["entrypoint"] for one in declared if "concurrency_limit" in one]


def test_no_two_drift_schedules_begin_in_the_same_minute(ours: Catalogue) -> None:
    begin: list[int] = []
    for schedule in (schedule for one in ours.deployments for schedule in one.schedules):
        assert schedule.every
        begin += range(schedule.begins, schedule.begins + 60, int(schedule.every.total_seconds() // 60))
    minutes = [minute % 60 for minute in begin]
    assert len(minutes) == len(set(minutes))
    assert 0 not in minutes


def test_an_environment_of_platform_yaml_alone_has_everything(file: Path) -> None:
    found = catalogue.load(file, platform("dev", "qa"))
    qa = next(one for one in found.deployments if one.environment == "qa")
    assert (qa.name, qa.queue, qa.tags) == ("shop-promote-qa", "qa", ("shop", "qa"))
    assert catalogue.Queue("qa", limit=1, priority=1) in found.queues
    assert [schedule.every for schedule in qa.schedules] == [timedelta(hours=1)]


def test_how_often_drift_is_looked_for_is_the_environments_to_say(file: Path) -> None:
    found = catalogue.load(file, Platform("shop", (Environment("dev", drift_every=900),), ()))
    assert found.deployments[0].schedules[0].every == timedelta(minutes=15)


def test_every_work_pool_that_environments_name_has_one_deployment_for_units(project: Path) -> None:
    named = [Environment("dev", work_pool="large"), Environment("qa", work_pool="large"), Environment("live")]
    found = catalogue.load(project / "prefect.yaml", Platform("shop", tuple(named), ()))
    of_units = [one for one in found.deployments if one.pool]
    assert [(one.name, one.entrypoint, one.pool) for one in of_units] == [
        ("shop-units-large", "flows/unit.py:unit", "large")
    ]
    assert found.pools == ("large",)
    assert "people" not in of_units[0].tags


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "work_queue_name: plans",
            "work_queue_name: plan",
            r"flows/plan.py:plan \(shop-plan\): queue plan is neither",
        ),
        ("limit: 4", "limit: none", r"definitions.queues.plans.limit"),
        ('name: "{platform}-plan"', 'nam: "{platform}-plan"', r"deployments.1.nam"),
        ('"{drift_every}"', "1, cron: '* * * * *'", "deployments.0.schedules.0: .*either cron or interval"),
        ('interval: "{drift_every}"', "cron: '0 25 * * *'", "0.schedules.0.cron: .*'0 25 .* is no schedule"),
        ('interval: "{drift_every}"', "cron: every day", "0.schedules.0.cron: .*'every day' is no schedule"),
        ('"{drift_every}"', "1, timezone: CEST", "deployments.0.schedules.0.timezone: .*'CEST' is not a time zone"),
        ("{platform}-plan", "{region}-plan", r"deployments.1: {region} stands for nothing here; use {platform}"),
        ('{name: "{platform}", work_queue_name: plans}', "{name: other, work_queue_name: plans}", "write {platform}"),
        ("queues: {plans", "queues: {dev: {limit: 1, priority: 1}, plans", "definitions.queues.dev: an environment"),
        ("deployments:", "deployments: [", r"while parsing"),
    ],
)
def test_a_mistake_is_named(file: Path, right: str, wrong: str, said: str) -> None:
    file.write_text(GOOD.replace(right, wrong))
    with pytest.raises(InvalidInput, match=said):
        catalogue.load(file, platform("dev"))


def test_without_the_file_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"prefect\.yaml: No such file"):
        catalogue.load(tmp_path / "prefect.yaml", platform("dev"))


REHEARSE = """
  - {name: "{platform}-rehearse-{environment}", entrypoint: "flows/rehearse.py:rehearse", description: d,
     parameters: {environment: "{environment}"}, work_pool: {name: "{platform}", work_queue_name: plans},
     schedules: [{interval: "{rehearsed_every}"}]}
"""


@pytest.mark.parametrize(("every", "schedules"), [(86400.0, [timedelta(days=1)]), (None, [])])
def test_rollbacks_are_rehearsed_where_and_as_often_as_it_is_declared(
    file: Path, every: float | None, schedules: list[timedelta]
) -> None:
    file.write_text(GOOD + REHEARSE)
    dev = Environment("dev", rehearsal=Rehearsal("scratch", every))
    found = catalogue.load(file, Platform("shop", (dev, Environment("scratch")), ()))
    (only,) = (one for one in found.deployments if one.flow == "rehearse")
    assert only.environment == "dev"
    assert [schedule.every for schedule in only.schedules] == schedules
