"""When custom kinds are ready: expressions of a unit, on objects as controllers write them."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.cluster.health import BY_STATUS, Health, Rule, fault
from tasks.cluster.readiness import State
from tasks.cluster.selection import Selection

RUNNING = Health((Rule(Selection("Cache"), "object.status.phase == 'Running'", "object.status.phase == 'Broken'"),))


def cache(status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    item = {
        "apiVersion": "shop.example/v1",
        "kind": "Cache",
        "metadata": {"name": "main", "generation": 2, **metadata},
    }
    return item if status is None else {**item, "status": status}


@pytest.mark.parametrize(
    ("live", "state", "why"),
    [
        (cache({"phase": "Running"}), State.READY, ""),
        (cache({"phase": "Starting"}), State.PROGRESSING, "object.status.phase == 'Running' is not true"),
        (cache({"phase": "Broken"}), State.FAILED, "object.status.phase == 'Broken' is true"),
        (cache(), State.PROGRESSING, "cannot be evaluated: no such key: 'status'"),
        (cache({}), State.PROGRESSING, "cannot be evaluated: no such key: 'phase'"),
        (None, State.PROGRESSING, "it does not exist"),
        (cache({"phase": "Running"}, deletionTimestamp="now"), State.PROGRESSING, "it is being deleted"),
        (cache({"phase": "Running", "observedGeneration": 1}), State.PROGRESSING, "has not seen the change yet"),
    ],
)
def test_an_expression_says_whether_an_object_is_ready(live: Any, state: State, why: str) -> None:
    found = RUNNING.of(live)
    assert found.state is state
    assert why in found.why


def test_standard_conditions_count_only_where_no_rule_does() -> None:
    waiting = cache({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]})
    assert RUNNING.of(waiting).ready
    assert not BY_STATUS.of(waiting).ready
    other = Health((Rule(Selection("Cache", group="other.example"), "object.status.phase == 'Running'"),))
    assert not other.of(waiting).ready


@pytest.mark.parametrize(
    "expression",
    ["object.status.count", "object.status.missing", "object.status.count / 0 == 1", "object.status.list[3] == 1"],
)
def test_what_is_neither_true_nor_false_makes_nothing_ready(expression: str) -> None:
    found = Health((Rule(Selection("Cache"), expression),)).of(cache({"count": 3, "list": []}))
    assert found.state is State.PROGRESSING
    assert found.why.startswith(expression)


def test_nothing_is_ready_while_it_cannot_be_said_whether_it_failed() -> None:
    rule = Rule(Selection("Cache"), "object.status.phase == 'Running'", "object.status.errors > 3")
    assert Health((rule,)).of(cache({"phase": "Running"})).state is State.PROGRESSING


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("object.status.phase = 'Running'", "is not a valid expression: 1:21: Syntax error"),
        ("object.status.phase == Running", "has unknown names: Running; the live object is called object"),
        ("status.phase == 'Running'", "has unknown names: status"),
    ],
)
def test_a_wrong_expression_is_found_without_an_object(expression: str, told: str) -> None:
    assert told in fault(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')",
        "has(object.status.phase) && object.status.phase in ['Running', 'Idle']",
        "size(object.status.nodes.filter( n, n.ready)) >= object.spec.size",
    ],
)
def test_what_expressions_are_made_of_is_known(expression: str) -> None:
    assert fault(expression) == ""
