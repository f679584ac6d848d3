"""Whose an object is, which of its fields are ours, and what a change of it is told by."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.cluster import comparison
from tasks.cluster.objects import Reference
from tasks.cluster.ownership import marked, marked_as, owned_fields, owner_of, relevant, without_autoscaled
from tasks.domain.plan import Action

CART = Reference("apps/v1", "Deployment", "shop", "cart")
REPLICAS = {"f:spec": {"f:replicas": {}}}


def entry(manager: str, fields: dict[str, Any], subresource: str = "") -> dict[str, Any]:
    return {"manager": manager, "fieldsV1": fields, **({"subresource": subresource} if subresource else {})}


def live(*entries: dict[str, Any], replicas: int = 2, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cart", "managedFields": list(entries), **metadata},
        "spec": {"replicas": replicas, "paused": False},
    }


@pytest.mark.parametrize(
    ("annotations", "owner"),
    [
        ({"flowmart.example/unit": "flowmart/dev/app"}, "flowmart/dev/app"),
        (
            {"meta.helm.sh/release-name": "cart", "meta.helm.sh/release-namespace": "shop"},
            "Helm release shop/cart",
        ),
        ({"other": "x"}, ""),
        (None, ""),
    ],
)
def test_the_owner_is_who_the_marks_name(annotations: dict[str, str] | None, owner: str) -> None:
    assert owner_of(live(annotations=annotations)) == owner


def test_a_mark_is_added_to_the_annotations_that_are_there() -> None:
    found = marked(live(annotations={"a": "b"}), "flowmart/dev/app", adopted=True)
    assert found["metadata"]["annotations"] == {
        "a": "b",
        "flowmart.example/unit": "flowmart/dev/app",
        "flowmart.example/adopted": "true",
    }


def test_a_manifest_is_compared_with_the_marks_that_the_live_object_has() -> None:
    theirs = live(annotations={"flowmart.example/unit": "flowmart/dev/other", "touched": "yes"})
    assert marked_as(live(), theirs)["metadata"]["annotations"] == {"flowmart.example/unit": "flowmart/dev/other"}
    assert marked_as(live(), None) == live()


@pytest.mark.parametrize(
    ("manager", "subresource", "left"),
    [
        ("kube-controller-manager", "scale", False),
        ("keda", "scale", False),
        ("kubectl", "scale", True),
        ("kube-controller-manager", "", True),
    ],
)
def test_replicas_are_not_ours_where_an_autoscaler_sets_them(manager: str, subresource: str, left: bool) -> None:
    scaled = live(entry(manager, REPLICAS, subresource), replicas=5)
    assert ("replicas" in without_autoscaled(live(), scaled)["spec"]) is left


def test_our_fields_are_those_of_all_our_entries() -> None:
    found = owned_fields(
        live(
            entry("flowmart", {"f:spec": {"f:paused": {}}}),
            entry("flowmart", REPLICAS),
            entry("kubectl", {"f:a": {}}),
        ),
        "flowmart",
    )
    assert found == {"f:spec": {"f:paused": {}, "f:replicas": {}}}


@pytest.mark.parametrize(
    ("item", "owned", "other", "left"),
    [
        ({"a": 1, "b": 2}, {"f:a": {}}, {"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1, "b": 2}, {"f:a": {}}, {"a": 1, "b": 3}, {"a": 1, "b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"f:a": {".": {}, "f:x": {}}}, {"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}),
        ({"a": {"x": 1, "y": 2}}, {}, None, {"a": {"x": 1, "y": 2}}),
        (
            {"ports": [{"port": 80, "nodePort": 31}, {"port": 81}]},
            {"f:ports": {'k:{"port":80}': {"f:port": {}}}},
            {"ports": [{"port": 80, "nodePort": 31}, {"port": 81}]},
            {"ports": [{"port": 80}]},
        ),
        (
            {"ports": [{"port": 80, "nodePort": 32}]},
            {"f:ports": {'k:{"port":80}': {"f:port": {}}}},
            {"ports": [{"port": 80, "nodePort": 31}]},
            {"ports": [{"port": 80, "nodePort": 32}]},
        ),
        ({"keep": ["a", "b"]}, {"f:keep": {'v:"a"': {}}}, {"keep": ["a", "b"]}, {"keep": ["a"]}),
    ],
)
def test_what_matters_is_what_is_ours_or_differs(item: Any, owned: Any, other: Any, left: Any) -> None:
    assert relevant(item, owned, other) == left


def test_a_change_is_not_told_by_what_others_write() -> None:
    ours = entry("flowmart", {"f:spec": {"f:paused": {}}})
    before = live(ours, labels={"by": "hand"}, replicas=7)
    after = {**live(ours, labels={"by": "hand"}, replicas=7)}
    after["spec"] = {**after["spec"], "paused": True}
    change = comparison.change_of_ours(CART, before, after, "flowmart")
    assert change is not None
    assert (change.action, change.before, change.after) == (
        Action.UPDATE,
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart"}, "spec": {"paused": False}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart"}, "spec": {"paused": True}},
    )
