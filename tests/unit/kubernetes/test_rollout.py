"""The arithmetic of a rolling update: /docs/concepts/workloads/controllers/deployment/#rolling-update-deployment"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from deployments.sandbox.kubernetes.controllers import rollout
from deployments.sandbox.kubernetes.controllers.templates import share
from deployments.sandbox.kubernetes.resources import Object


def deployment(replicas: int, surge: Any, unavailable: Any) -> Object:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}}


def replica_set(name: str, size: int, available: int) -> Object:
    return {"metadata": {"name": name}, "spec": {"replicas": size}, "status": {"availableReplicas": available}}


@pytest.mark.parametrize(
    ("value", "of", "up", "expected"), [("25%", 3, True, 1), ("25%", 3, False, 0), (2, 10, True, 2)]
)
def test_percentages_round_up_for_surge_and_down_for_unavailable(
    value: Any, of: int, up: bool, expected: int
) -> None:
    assert share(value, of, up) == expected


def test_one_pod_goes_first_when_both_limits_round_to_nothing() -> None:
    assert rollout.unavailable(deployment(3, 0, "25%")) == 1


def test_recreate_takes_everything_down_before_anything_comes_up() -> None:
    item = {"spec": {"replicas": 2, "strategy": {"type": "Recreate"}}}
    new, old = replica_set("new", 0, 0), replica_set("old", 2, 2)
    assert rollout.next_step(item, new, [old], old_pods=2) == {"old": 0}
    assert rollout.next_step(item, new, [replica_set("old", 0, 0)], old_pods=0) == {"old": 0, "new": 2}


def test_pods_of_old_templates_that_are_not_available_go_first() -> None:
    item = deployment(4, 1, 1)
    step = rollout.next_step(item, replica_set("new", 1, 1), [replica_set("old", 4, 2)], old_pods=4)
    assert step == {"old": 2}


SIZES = some.integers(0, 8)


@given(some.integers(1, 8), some.integers(0, 3), some.integers(0, 3), SIZES, SIZES, some.data())
def test_no_step_breaks_the_limits(
    replicas: int, surge: int, unavailable: int, new_size: int, old_size: int, data: some.DataObject
) -> None:
    """Never more pods than the surge allows, never fewer available than there may be, but for what is so before."""
    item = deployment(replicas, surge, unavailable)
    new_available, old_available = data.draw(some.integers(0, new_size)), data.draw(some.integers(0, old_size))
    new, old = replica_set("new", new_size, new_available), replica_set("old", old_size, old_available)
    step = rollout.next_step(item, new, [old], old_size)
    if step.get("new", new_size) > new_size:
        assert step["new"] + old_size <= replicas + rollout.surge(item)
    if step.get("old", old_size) < old_size:
        # Of an old replica set the pods that are not available are deleted first.
        left = new_available + min(old_available, step["old"])
        assert left >= min(new_available + old_available, replicas - rollout.unavailable(item))


@given(some.integers(1, 8), some.integers(0, 3), some.integers(0, 3), SIZES)
def test_a_rollout_of_good_pods_ends_with_the_new_ones_alone(
    replicas: int, surge: int, unavailable: int, old_size: int
) -> None:
    item = deployment(replicas, surge, unavailable)
    new, old = 0, old_size
    for _ in range(100):
        step = rollout.next_step(item, replica_set("new", new, new), [replica_set("old", old, old)], old)
        new, old = step.get("new", new), step.get("old", old)
    assert (new, old) == (replicas, 0)
