"""Label and field selectors, by the examples of their documentation."""

from __future__ import annotations

import pytest

from deployments.sandbox.kubernetes.resources import built_in
from deployments.sandbox.kubernetes.selectors import combined, label_selector, labels_match, selector_text
from deployments.sandbox.kubernetes.status import ApiError

# /docs/concepts/overview/working-with-objects/labels/#label-selectors
CASES = [
    ("environment=production", {"environment": "production"}, True),
    ("environment == production", {"environment": "qa"}, False),
    ("tier!=frontend", {"tier": "backend"}, True),
    ("tier!=frontend", {}, True),
    ("environment in (production, qa)", {"environment": "qa"}, True),
    ("environment in (production, qa)", {}, False),
    ("tier notin (frontend, backend)", {"tier": "cache"}, True),
    ("tier notin (frontend, backend)", {}, True),
    ("partition", {"partition": ""}, True),
    ("!partition", {"partition": "a"}, False),
    ("partition,environment notin (qa)", {"partition": "a", "environment": "production"}, True),
    ("app.kubernetes.io/name=web,tier in (a,b)", {"app.kubernetes.io/name": "web", "tier": "b"}, True),
    ("", {}, True),
]


@pytest.mark.parametrize(("selector", "labels", "expected"), CASES)
def test_label_selectors(selector: str, labels: dict[str, str], expected: bool) -> None:
    assert labels_match(selector)(labels) is expected


def test_a_label_selector_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ApiError, match="unable to parse requirement"):
        labels_match("a in b")


def test_a_selector_object_takes_all_its_requirements_together() -> None:
    expressions = [{"key": "tier", "operator": "In", "values": ["cache"]}, {"key": "x", "operator": "DoesNotExist"}]
    selector = {"matchLabels": {"component": "redis"}, "matchExpressions": expressions}
    matches = label_selector(selector)
    assert matches({"component": "redis", "tier": "cache"})
    assert not matches({"component": "redis", "tier": "cache", "x": ""})
    assert selector_text(selector) == "component=redis,tier in (cache),!x"


def test_no_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not label_selector(None)({"a": "b"})
    assert label_selector({})({})


def test_field_selectors_know_the_fields_of_their_kind() -> None:
    """/docs/concepts/overview/working-with-objects/field-selectors/"""
    pod = {"metadata": {"name": "a", "namespace": "n"}, "status": {"phase": "Running"}}
    assert combined(built_in("Pod"), "", "metadata.name=a,status.phase!=Failed")(pod)
    assert not combined(built_in("Pod"), "", "status.phase=Pending")(pod)
    with pytest.raises(ApiError, match="field label not supported"):
        combined(built_in("Pod"), "", "spec.foo=1")
