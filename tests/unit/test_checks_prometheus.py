"""The prometheus check: what passes, what fails, and what says nothing about the unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.checks import running
from tasks.checks.answers import Surroundings
from tasks.domain.monitoring import PrometheusServer
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Check
from tasks.monitoring.client import Prometheus
from tests.doubles import prometheus_server
from tests.doubles.prometheus_server import PrometheusDouble, Said, document

PASSED, FAILED, UNANSWERED = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNANSWERED


@pytest.fixture
def double() -> Iterator[PrometheusDouble]:
    with prometheus_server.serving() as found:
        yield found


def asked(double: PrometheusDouble, **options: Any) -> CheckResult:
    """One attempt."""
    around = Surroundings(
        client=lambda service: service,
        outputs={"job": "cart"},
        folder=Path("/nowhere"),
        variables={},
        prometheus=lambda seconds: Prometheus(PrometheusServer(double.url), seconds=seconds),
    )
    return running.run(Check("a check", "prometheus", {"timeout": 60, **options}, within=0), around)


@pytest.mark.parametrize(
    ("limits", "value", "outcome"),
    [
        ({"at_most": 5}, 5.0, PASSED),
        ({"at_most": 5}, 5.1, FAILED),
        ({"at_most": "1%"}, 0.01, PASSED),
        ({"at_most": "1%"}, 0.011, FAILED),
        ({"at_least": 2}, 2.0, PASSED),
        ({"at_least": 2}, 1.0, FAILED),
        ({"at_least": 1, "at_most": 3}, 2.0, PASSED),
        ({"at_least": 1, "at_most": 3}, 4.0, FAILED),
        ({"at_most": 5}, None, UNANSWERED),
        ({"at_most": 5}, float("nan"), UNANSWERED),
        ({"at_most": 5}, float("inf"), UNANSWERED),
        ({"at_most": 5}, {"a": 1.0, "b": 2.0}, FAILED),
    ],
)
def test_a_value_is_held_against_its_limits(
    double: PrometheusDouble, limits: dict[str, Any], value: Any, outcome: Outcome
) -> None:
    double.values["queue_depth"] = lambda _: value
    assert asked(double, query="sum(queue_depth)", **limits).outcome is outcome


def test_several_series_are_to_be_aggregated(double: PrometheusDouble) -> None:
    double.values["up"] = lambda _: {"a": 1.0, "b": 2.0}
    assert "2 series where one is wanted" in asked(double, query="up", at_most=1).found


@pytest.mark.parametrize(
    ("said", "outcome", "found"),
    [
        (document({"status": "error", "error": "parse error"}, 400), FAILED, "refuses the query: parse error"),
        (Said(200, b"<html>Log in</html>"), UNANSWERED, "is that a login page?"),
        (Said(503, b""), UNANSWERED, "too busy"),
    ],
)
@pytest.mark.parametrize("options", [{"query": "up", "at_least": 1}, {"scraped": "cart"}, {"rules_loaded": "cart"}])
def test_only_what_the_release_can_be_blamed_for_fails(
    double: PrometheusDouble, options: dict[str, Any], said: Said, outcome: Outcome, found: str
) -> None:
    double.instead = lambda _: said
    result = asked(double, **options)
    assert (result.outcome, found in result.found) == (outcome, True), result.found


def test_a_partial_response_says_nothing(double: PrometheusDouble) -> None:
    double.values["up"], double.more = (lambda _: 1.0), {"isPartial": True, "warnings": ["store-1 is away"]}
    result = asked(double, query="up", at_least=1)
    assert (result.outcome, result.found) == (
        UNANSWERED,
        "only a part of the data could be read: store-1 is away",
    )


@pytest.mark.parametrize("options", [{"scraped": "cart"}, {"rules_loaded": "cart"}])
@pytest.mark.parametrize("targets", [None, {"a": 1.0}])
def test_what_is_missing_from_a_part_of_the_data_blames_nobody(
    double: PrometheusDouble, options: dict[str, Any], targets: Mapping[str, float] | None
) -> None:
    double.values["up"], double.more = (lambda _: targets), {"warnings": ["store-1 is away"]}
    result = asked(double, **options)
    assert (result.outcome, result.found) == (
        UNANSWERED,
        "only a part of the data could be read: store-1 is away",
    )


@pytest.mark.parametrize(
    ("targets", "outcome", "found"),
    [
        ({"a": 1.0, "b": 1.0}, PASSED, "2 targets"),
        ({"a": 1.0, "b": 0.0}, FAILED, '1 of 2 targets are down: {name="b"}'),
        (None, FAILED, "no target of the job is scraped; if it has a ServiceMonitor"),
    ],
)
def test_all_targets_of_a_job_are_scraped(
    double: PrometheusDouble, targets: Mapping[str, float] | None, outcome: Outcome, found: str
) -> None:
    double.values['up{job="cart"}'] = lambda _: targets
    result = asked(double, scraped="{outputs.job}")
    assert (result.outcome, result.found.startswith(found)) == (outcome, True), result.found


def test_a_name_is_quoted_as_promql_has_it(double: PrometheusDouble) -> None:
    asked(double, scraped='the "cart"')
    assert double.queries() == ['up{job="the \\"cart\\""}']


@pytest.mark.parametrize(
    ("rules", "outcome", "found"),
    [
        ([{"name": "A", "health": "ok"}, {"name": "B", "health": "unknown"}], PASSED, "2 rules"),
        ([{"name": "A", "health": "err", "lastError": "many-to-many"}], FAILED, "rule A fails: many-to-many"),
    ],
)
def test_a_rule_group_is_loaded_and_evaluated(
    double: PrometheusDouble, rules: list[dict[str, str]], outcome: Outcome, found: str
) -> None:
    double.rules = [{"name": "other", "rules": []}, {"name": "cart", "rules": rules}]
    result = asked(double, rules_loaded="cart")
    assert (result.outcome, result.found) == (outcome, found)


def test_a_rule_group_that_is_not_loaded_fails_with_the_usual_reason(double: PrometheusDouble) -> None:
    result = asked(double, rules_loaded="cart")
    assert (result.outcome, "check the labels" in result.found) == (FAILED, True)


def test_without_a_declared_prometheus_nothing_is_known() -> None:
    around = Surroundings(client=lambda _: None, outputs={}, folder=Path("/nowhere"), variables={})
    result = running.run(Check("a check", "prometheus", {"scraped": "cart"}, within=0), around)
    assert (result.outcome, "add monitoring.prometheus" in result.found) == (UNANSWERED, True)
