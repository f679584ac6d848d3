"""What differs between objects: between two manifests, and between a manifest and what lives."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tasks.cluster import comparison
from tasks.cluster.objects import Reference
from tasks.domain import wording
from tasks.domain.plan import Action
from tasks.domain.values import CHANGED, MASK

CART = Reference("apps/v1", "Deployment", "shop", "cart")
KEYS = Reference("v1", "Secret", "shop", "keys")


def deployment(image: str = "cart:1", **spec: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "cart", "image": image}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cart"},
        "spec": {"template": {"spec": pod}, **spec},
    }


def secret(**values: str) -> dict[str, Any]:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": data}


def test_each_object_is_created_changed_or_deleted() -> None:
    new = Reference("v1", "Service", "shop", "cart")
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cart"}, "spec": {}}
    found = comparison.changes({CART: deployment(), KEYS: secret()}, {CART: deployment("cart:2"), new: service})
    assert [(change.address, change.action) for change in found] == [
        ("Secret/shop/keys", Action.DELETE),
        ("Service/shop/cart", Action.CREATE),
        ("Deployment/shop/cart", Action.UPDATE),
    ]


def test_what_only_the_server_writes_is_no_change() -> None:
    live = {**deployment(), "metadata": {"name": "cart", "uid": "1", "generation": 7}, "status": {"replicas": 2}}
    assert comparison.changes({CART: deployment()}, {CART: live}) == ()


def test_a_secret_value_that_changes_is_seen_and_not_shown() -> None:
    (change,) = comparison.changes({KEYS: secret(a="one", b="two")}, {KEYS: secret(a="one", b="three", c="four")})
    assert change.before is not None
    assert change.after is not None
    assert change.before["data"] == {"a": MASK, "b": MASK}
    assert change.after["data"] == {"a": MASK, "b": CHANGED, "c": CHANGED}


def test_a_scaled_deployment_has_drifted_in_that_field_only() -> None:
    live = deployment(replicas=5, progressDeadlineSeconds=600) | {"status": {"replicas": 5}}
    change = comparison.drifted(CART, deployment(replicas=2), live)
    assert change is not None
    assert wording.differences(change) == ("spec.replicas: 2 -> 5",)


def test_an_object_that_is_gone_was_deleted() -> None:
    change = comparison.drifted(CART, deployment(), None)
    assert change is not None
    assert change.action is Action.DELETE


SAME: list[tuple[Any, Any]] = [
    ({"cpu": "1000m"}, {"cpu": "1"}),
    ({"cpu": 0.5}, {"cpu": "500m"}),
    ({"memory": "1Gi"}, {"memory": "1024Mi"}),
    ({"memory": "0.5Gi"}, {"memory": "512Mi"}),
]
DIFFERENT: list[tuple[Any, Any]] = [
    ({"cpu": "1"}, {"cpu": "2"}),
    ({"memory": "1G"}, {"memory": "1Gi"}),
    ({"cpu": "much"}, {"cpu": "more"}),
]


@pytest.mark.parametrize(("declared", "live"), SAME)
def test_two_spellings_of_a_quantity_are_no_drift(declared: Any, live: Any) -> None:
    assert comparison.drifted(CART, _with(limits=declared), _with(limits=live)) is None


@pytest.mark.parametrize(("declared", "live"), DIFFERENT)
def test_two_quantities_are_drift(declared: Any, live: Any) -> None:
    assert comparison.drifted(CART, _with(limits=declared), _with(limits=live)) is not None


def test_text_that_looks_like_a_quantity_is_compared_as_text() -> None:
    assert comparison.drifted(CART, _with(version="1000m"), _with(version="1")) is not None


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ({"emptyDir": {}}, {}),
        ({"args": None}, {}),
        ({"args": []}, {"args": None}),
        ({"env": [{"name": "a", "value": "x"}]}, {"env": [{"name": "b"}, {"name": "a", "value": "x"}]}),
        ({"ports": [{"port": 80}]}, {"ports": [{"port": 80, "protocol": "TCP"}]}),
    ],
)  # fmt: skip
def test_what_the_manifest_leaves_open_is_no_drift(declared: Any, live: Any) -> None:
    assert comparison.drifted(CART, _with(**declared), _with(**live)) is None


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ({"args": ["a", "b"]}, {"args": ["a"]}),
        ({"args": ["a"]}, {"args": []}),
        ({"containers": [{"name": "a", "image": "x"}]}, {"containers": [{"name": "b", "image": "x"}]}),
        ({"from": [{"cidr": "10.0.0.0/8"}]}, {"from": [{"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0"}]}),
    ],
)
def test_an_entry_that_is_not_as_declared_is_drift(declared: Any, live: Any) -> None:
    assert comparison.drifted(CART, _with(**declared), _with(**live)) is not None


def test_text_data_of_a_secret_is_what_the_server_encodes() -> None:
    declared = {**secret(), "data": {}, "stringData": {"a": "one"}}
    assert comparison.drifted(KEYS, declared, secret(a="one")) is None
    assert comparison.drifted(KEYS, declared, secret(a="two")) is not None


def _with(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart"}, "spec": spec}
