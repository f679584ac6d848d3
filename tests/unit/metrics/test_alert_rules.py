"""Every metric and label in the alert rules is one that the product exports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tasks.domain.events import DriftReported, PlanDenied
from tasks.domain.rules import Violation
from tasks.metrics.exporter import text
from tasks.metrics.log_lines import LogLines
from tests.unit.metrics.test_metrics import Story

FILE = Path(__file__).parents[3] / "infrastructure/kubernetes/monitoring/delivery/flowmart.rules.yaml"
RULES = [rule for group in yaml.safe_load(FILE.read_text())["spec"]["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[str]]:
    """{metric: its labels}, of a ledger with something of everything, and of a log folder."""
    story = Story().verified("a").rejected("b")
    denied = PlanDenied(unit="cart", release="c", findings=(Violation("tags", "no tag", "x"),))
    idle = story.then(DriftReported(release="a", units=("cart",)), denied).text()
    of_the_log = text(LogLines(tmp_path_factory.mktemp("logs")))
    said = (idle, story.begun("d").text(), of_the_log)
    families = [family for each in said for family in text_string_to_metric_families(each)]
    return {sample.name: {*sample.labels} for family in families for sample in family.samples}


def used(query: str) -> list[tuple[str, set[str]]]:
    """The selectors of a query: metric, and the labels that it matches or groups by."""
    found: list[tuple[str, set[str]]] = []
    grouped: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append((node.name, {matcher.name for matcher in node.matchers.matchers}))
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            grouped.update(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(query), pre_visit=visit)
    return [(name, labels | grouped) for name, labels in found]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_rules_use_only_what_is_exported(rule: Mapping[str, Any], exported: Mapping[str, set[str]]) -> None:
    selectors = used(rule["expr"])
    assert selectors
    for name, labels in selectors:
        assert name in exported
        assert labels <= exported[name]
