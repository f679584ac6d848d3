"""What amtool has against Alertmanager's configuration in a kustomization, and alerts that reach somebody else."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from tasks.engines.base import Workspace
from tests.contract.test_monitoring_validators import found, unit

ALERTMANAGER = """
route:
  receiver: team
  routes:
    - matchers: [alertname="Watchdog"]
      receiver: dead-mans-switch
      repeat_interval: 1m
receivers:
  - name: team
  - name: dead-mans-switch
    webhook_configs: [{url: "https://heartbeat.shop.example/flowmart"}]
"""
ROUTES = """
- {labels: {alertname: Watchdog}, receivers: [dead-mans-switch]}
- {labels: {severity: critical}, receivers: [team]}
"""


def alerting(folder: Path, configuration: str, routes: str = ROUTES) -> Workspace:
    """A unit that generates a Secret from Alertmanager's configuration."""
    where = unit(folder)
    (folder / "cart" / "alertmanager.yaml").write_text(configuration)
    (folder / "cart" / "team.routes.yml").write_text(routes)
    kustomization = {"secretGenerator": [{"name": "alertmanager", "files": ["alertmanager.yaml"]}]}
    (folder / "cart" / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return where


def test_alerts_that_reach_whom_they_should_pass(tmp_path: Path) -> None:
    assert found(alerting(tmp_path, ALERTMANAGER)) == []


def test_an_alert_that_reaches_somebody_else_denies_the_plan(tmp_path: Path) -> None:
    (message,) = found(alerting(tmp_path, ALERTMANAGER.replace('"Watchdog"', '"Watchdogs"')))
    assert message == "cart/team.routes.yml: routes: alertname=Watchdog reaches team, not dead-mans-switch"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("receiver: dead-mans-switch", "receiver: nobody", 'undefined receiver "nobody" used in route'),
        ("matchers:", "match_all:", "field match_all not found"),
        ("route:", "route: [", "did not find expected"),
    ],
)
def test_what_amtool_has_against_a_configuration_denies_the_plan(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    (message,) = found(alerting(tmp_path, ALERTMANAGER.replace(old, new, 1)))
    assert message.startswith("cart/alertmanager.yaml: check-config: ")
    assert told in message
    assert "amtool" not in message


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_a_configuration_in_a_secret_is_checked_too(tmp_path: Path, field: str) -> None:
    wrong = ALERTMANAGER.replace("receiver: dead-mans-switch", "receiver: nobody", 1)
    text = base64.b64encode(wrong.encode()).decode() if field == "data" else wrong
    secret = yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", field: {"alertmanager.yaml": text}})
    (message,) = found(unit(tmp_path, secret_yaml=secret))
    assert message.startswith('cart/secret.yaml: check-config: undefined receiver "nobody"')


@pytest.mark.parametrize("routes", ["{}", "- {labels: {}, receivers: [team]}", "- {labels: {a: b}}", "- ["])
def test_expectations_that_are_none_are_refused(tmp_path: Path, routes: str) -> None:
    (message,) = found(alerting(tmp_path, ALERTMANAGER, routes))
    assert message.startswith("cart/team.routes.yml: routes: is not a list of {labels, receivers}: ")


def test_expectations_without_a_configuration_are_refused(tmp_path: Path) -> None:
    where = unit(tmp_path)
    (tmp_path / "cart" / "team.routes.yml").write_text(ROUTES)
    (message,) = found(where)
    assert "there is no alertmanager.yaml or alertmanager.yml whose routes it could test" in message
