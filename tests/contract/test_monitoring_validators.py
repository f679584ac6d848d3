"""What promtool has against the alert rules of a kustomization, and the parser against queries of its dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from structlog.testing import capture_logs

from tasks.domain.errors import InvalidInput
from tasks.domain.monitoring import PrometheusServer
from tasks.domain.platform import Unit, Validation
from tasks.engines import ENGINES, validation
from tasks.engines.base import Workspace
from tasks.monitoring.client import Prometheus
from tests.peers.tools import tool
from tests.platforms.workspaces import workspace
from tests.servers import prometheus_process

RULE = {"alert": "Down", "expr": "up{job='cart'} == 0", "for": "1m", "labels": {"severity": "critical"}}
TEST = """rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: [{series: 'up{job="cart"}', values: '0x10'}]
    alert_rule_test:
      - eval_time: 5m
        alertname: Down
        exp_alerts: [{exp_labels: {job: cart, severity: SEVERITY}}]
"""


def unit(folder: Path, **files: str) -> Workspace:
    (folder / "cart").mkdir()
    resources = [name for name in files if not name.endswith("_test_yml")]
    names = {name: name.replace("_test_yml", ".test.yml").replace("_yaml", ".yaml") for name in files}
    for name, text in files.items():
        (folder / "cart" / names[name]).write_text(text)
    kustomization = {"resources": [names[name] for name in resources]}
    (folder / "cart" / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return workspace(folder, Unit("cart", "kustomize", "cart", ("dev",)))


def rules(**rule: object) -> str:
    spec = {"groups": [{"name": "cart", "rules": [{**RULE, **rule}]}]}
    return yaml.safe_dump({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": spec})


def found(where: Workspace) -> list[str]:
    return [each.message for each in validation.violations(where, ENGINES["kustomize"].validators) if each.denied]


def test_good_rules_with_good_tests_pass(tmp_path: Path) -> None:
    assert found(unit(tmp_path, rules_yaml=rules(), rules_test_yml=TEST.replace("SEVERITY", "critical"))) == []


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"expr": "sum(up"}, "could not parse expression"),
        ({"fro": "5m"}, "field fro not found"),
        ({"for": "a while"}, "not a valid duration"),
    ],
)
def test_what_promtool_has_against_rules_denies_the_plan(tmp_path: Path, rule: dict[str, str], told: str) -> None:
    (message,) = found(unit(tmp_path, rules_yaml=rules(**rule)))
    assert message.startswith("cart/rules.yaml: check: ")
    assert told in message
    assert str(tmp_path.parent.parent) not in message


def test_a_failing_test_of_rules_denies_the_plan(tmp_path: Path) -> None:
    (message,) = found(unit(tmp_path, rules_yaml=rules(), rules_test_yml=TEST.replace("SEVERITY", "warning")))
    assert message.startswith("cart/rules.test.yml: test: ")
    assert 'severity="warning"' in message


def dashboard(text: str) -> str:
    labels = {"grafana_dashboard": "1"}
    return yaml.safe_dump({"kind": "ConfigMap", "metadata": {"labels": labels}, "data": {"cart.json": text}})


def panels(*queries: str) -> str:
    inner = {"title": "Inner", "targets": [{"expr": queries[-1]}]}
    shown = [{"title": "Errors", "targets": [{"expr": query} for query in queries[:-1]]}, {"panels": [inner]}]
    return json.dumps({"panels": shown})


def test_queries_with_variables_are_understood(tmp_path: Path) -> None:
    good = panels(
        'sum by (code) (rate(http_requests_total{namespace="$namespace"}[$__rate_interval]))',
        "histogram_quantile(0.9, sum by (le) (rate(x_bucket[${__interval}])))",
        "topk($count, up{job=~'${job:regex}'})",
    )
    assert found(unit(tmp_path, dashboard_yaml=dashboard(good))) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (panels("rate(up)", "up"), "promql: cart.json, panel 'Errors': 'rate(up)' is not valid PromQL"),
        (panels("up", "up{"), "promql: cart.json, panel 'Inner': 'up{' is not valid PromQL"),
        ("{", "json: cart.json is not valid JSON"),
    ],
)
def test_a_wrong_query_denies_the_plan(tmp_path: Path, text: str, told: str) -> None:
    (message,) = found(unit(tmp_path, dashboard_yaml=dashboard(text)))
    assert told in message


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with prometheus_process.running(tmp_path_factory.mktemp("prometheus"), {}) as address:
        yield Prometheus(PrometheusServer(address))


def test_a_query_that_the_server_refuses_denies_the_plan(tmp_path: Path, prometheus: Prometheus) -> None:
    # It parses: only the server looks into the text of a regular expression.
    asked = panels('count(up{job="$job"})', 'label_replace(vector(1), "a", "$1", "b", "(")')
    where = replace(unit(tmp_path, dashboard_yaml=dashboard(asked)), prometheus=lambda: prometheus)
    (message,) = found(where)
    assert "refused: cart.json, panel 'Inner'" in message
    assert "invalid regular expression" in message


def test_a_server_that_does_not_answer_has_nothing_against_queries(tmp_path: Path) -> None:
    away = Prometheus(PrometheusServer("http://127.0.0.1:1"), seconds=1)
    where = replace(unit(tmp_path, dashboard_yaml=dashboard(panels("up", "up"))), prometheus=lambda: away)
    with capture_logs() as logged:
        assert found(where) == []
    assert [each["event"] for each in logged] == ["dashboards not asked"]


def kustomization(folder: Path, **more: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(more))


def overlay(folder: Path, *patches: object, **base: object) -> Workspace:
    """The unit `cart`, an overlay on a base beside it."""
    kustomization(folder / "base", **base)
    kustomization(folder / "cart", resources=["../base"], patches=list(patches))
    unit = Unit("cart", "kustomize", "cart", ("dev",))
    return workspace(folder, unit, executable=tool("kubectl"))


def test_a_wrong_query_of_a_generated_dashboard_denies_the_plan(tmp_path: Path) -> None:
    labels = {"options": {"labels": {"grafana_dashboard": "1"}}}
    where = overlay(tmp_path, configMapGenerator=[{"name": "cart", "files": ["cart.json"], **labels}])
    (tmp_path / "base/cart.json").write_text(panels("up", "rate(up)"))
    (message,) = found(where)
    assert "base/kustomization.yaml: promql: cart.json, panel 'Inner': 'rate(up)' is not valid PromQL" in message


def named_rules() -> str:
    return yaml.safe_dump({**yaml.safe_load(rules()), "metadata": {"name": "cart", "namespace": "cart"}})


def test_tests_beside_a_base_are_run(tmp_path: Path) -> None:
    where = overlay(tmp_path, resources=["rules.yaml"])
    (tmp_path / "base/rules.yaml").write_text(named_rules())
    (tmp_path / "base/rules.test.yml").write_text(TEST.replace("SEVERITY", "warning"))
    (message,) = found(where)
    assert message.startswith("base/rules.test.yml: test: ")


def test_rules_are_checked_as_an_overlay_patches_them(tmp_path: Path) -> None:
    wrong = [{"op": "replace", "path": "/spec/groups/0/rules/0/expr", "value": "sum(up"}]
    patch = {"target": {"kind": "PrometheusRule"}, "patch": yaml.safe_dump(wrong)}
    where = overlay(tmp_path, patch, resources=["rules.yaml"])
    (tmp_path / "base/rules.yaml").write_text(named_rules())
    (message,) = found(where)
    assert message.startswith("base/rules.yaml: check: ")
    assert "could not parse expression" in message


def test_other_config_maps_are_let_be(tmp_path: Path) -> None:
    other = yaml.safe_dump({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a.json": "{"}})
    assert found(unit(tmp_path, other_yaml=other)) == []


def test_a_validator_that_a_unit_names_must_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    where = unit(tmp_path, rules_yaml=rules())
    assert found(where) == []
    named = replace(where, unit=replace(where.unit, validators={"promtool": Validation()}))
    with pytest.raises(InvalidInput, match="validator promtool is not installed"):
        found(named)
