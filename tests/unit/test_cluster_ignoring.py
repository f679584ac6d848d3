"""Fields that a unit leaves to others, on objects with managedFields as an API server writes them."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.cluster import comparison
from tasks.cluster.ignoring import Ignoring, Rule
from tasks.cluster.objects import Reference
from tasks.cluster.selection import Selection

CART = Reference("apps/v1", "Deployment", "shop", "cart")
OURS: dict[str, Any] = {
    "f:metadata": {"f:annotations": {"f:flowmart.example/unit": {}, "f:shop.example/sum": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:paused": {},
        "f:args": {},
        "f:containers": {'k:{"name":"main"}': {".": {}, "f:name": {}, "f:image": {}, "f:env": {}}},
    },
}


def cart(spec: dict[str, Any], *managers: tuple[str, dict[str, Any]], **annotations: str) -> dict[str, Any]:
    entries = [{"manager": name, "operation": "Update", "fieldsV1": owned} for name, owned in managers]
    marks = {"flowmart.example/unit": "shop/dev/cart", **annotations}
    metadata = {"name": "cart", "namespace": "shop", "uid": "1", "managedFields": entries, "annotations": marks}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def ignoring(*paths: str, manager: str = "", selection: Selection | None = None) -> Ignoring:
    return Ignoring(
        "shop", (Rule(selection or Selection("Deployment"), "it scales", paths, manager),), "kustomize.ignore"
    )


SCALER = ("scaler", {"f:spec": {"f:replicas": {}}})


def test_an_ignored_field_is_no_difference_and_the_rest_is() -> None:
    live, becomes = cart({"replicas": 5, "paused": True}), cart({"replicas": 2, "paused": True})
    found = ignoring("spec.replicas")
    assert comparison.change_of_ours(CART, live, becomes, "shop", found) is None
    changed = comparison.change_of_ours(CART, live, cart({"replicas": 2, "paused": False}), "shop", found)
    assert changed is not None
    assert "replicas" not in str(changed)


def test_a_field_of_another_manager_is_not_sent() -> None:
    live = cart({"replicas": 5, "paused": True}, ("shop", {"f:spec": {"f:paused": {}}}), SCALER)
    manifest = cart({"replicas": 2, "paused": False})
    for rule in (ignoring("spec.replicas"), ignoring(manager="scaler"), ignoring(manager="sc*")):
        assert rule.sent(CART, manifest, live)["spec"] == {"paused": False}


def test_a_field_that_only_we_own_is_sent_as_it_is_there() -> None:
    live = cart({"replicas": 5}, ("shop", OURS))
    assert ignoring("spec.replicas").sent(CART, cart({"replicas": 2}), live)["spec"] == {"replicas": 5}


def test_a_field_that_only_we_own_stays_when_it_is_declared_no_more() -> None:
    rule = ignoring("spec.replicas", "spec.containers.main.image", "/metadata/annotations/shop.example~1sum")
    live = cart({"replicas": 5, "containers": [{"name": "main", "image": "b"}]}, ("shop", OURS))
    live["metadata"]["annotations"]["shop.example/sum"] = "7"
    sent = rule.sent(CART, cart({"containers": [{"name": "main", "env": "y"}]}), live)
    assert sent["spec"] == {"replicas": 5, "containers": [{"name": "main", "env": "y", "image": "b"}]}
    assert sent["metadata"]["annotations"]["shop.example/sum"] == "7"
    assert rule.sent(CART, cart({}), live)["spec"] == {"replicas": 5}


def test_a_field_that_others_own_is_not_taken_when_it_is_declared_no_more() -> None:
    rule, owners = ignoring("spec.replicas"), (("shop", OURS), SCALER)
    assert rule.sent(CART, cart({}), cart({"replicas": 5}, *owners))["spec"] == {}
    assert rule.sent(CART, cart({}), cart({"replicas": 5}, SCALER))["spec"] == {}


def test_a_tool_that_patches_gets_what_is_there_whoever_owns_it() -> None:
    rule = ignoring("spec.replicas", "spec.containers.main.image")
    owned = {"f:spec": {"f:replicas": {}, "f:containers": {'k:{"name":"main"}': {"f:image": {}}}}}
    there = {"replicas": 5, "containers": [{"name": "side", "image": "s"}, {"name": "main", "image": "b"}]}
    live = cart(there, ("scaler", owned))
    declared = cart({"replicas": 2, "containers": [{"name": "main", "image": "a"}]})
    after = rule.as_live(CART, declared, live, None)["spec"]
    assert after == {"replicas": 5, "containers": [{"name": "main", "image": "b"}]}
    assert rule.as_live(CART, cart({}), live, declared)["spec"] == {"replicas": 5}
    assert rule.as_live(CART, cart({}), live, None)["spec"] == {}
    assert rule.as_live(CART, declared, cart({}, ("shop", OURS)), None)["spec"] == {"containers": [{"name": "main"}]}


def test_a_field_that_is_not_there_is_not_sent_and_a_new_object_gets_all() -> None:
    manifest = cart({"replicas": 2})
    assert ignoring("spec.replicas").sent(CART, manifest, cart({}, ("shop", OURS)))["spec"] == {}
    assert ignoring("spec.replicas").sent(CART, manifest, None) == manifest


def test_a_manager_owns_nothing_of_a_manifest_that_it_never_touched() -> None:
    live = cart({"replicas": 5, "paused": True}, ("shop", OURS), SCALER)
    manifest = cart({"replicas": 2, "paused": False})
    assert ignoring(manager="somebody").sent(CART, manifest, live) == manifest
    assert ignoring(manager="*").sent(CART, manifest, live)["spec"] == {"paused": False}


def test_an_entry_of_a_list_keeps_the_name_that_it_is_known_by() -> None:
    theirs = {"f:spec": {"f:containers": {'k:{"name":"main"}': {".": {}, "f:name": {}, "f:image": {}}}}}
    live = cart({"containers": [{"name": "main", "image": "b", "env": "x"}]}, ("shop", OURS), ("updater", theirs))
    manifest = cart({"containers": [{"name": "main", "image": "a", "env": "y"}]})
    for rule in (
        ignoring("spec.containers.main.image"),
        ignoring("spec.containers[*].image"),
        ignoring(manager="upd*"),
    ):
        assert rule.sent(CART, manifest, live)["spec"] == {"containers": [{"name": "main", "env": "y"}]}
    whole = ignoring("spec.containers.main").sent(CART, manifest, live)["spec"]
    assert whole == {"containers": [{"name": "main", "env": "x"}]}


def test_one_entry_of_a_list_with_one_owner_is_kept_and_the_others_are_sent() -> None:
    live = cart({"args": ["--a=9", "--b=1"]}, ("shop", OURS))
    manifest = cart({"args": ["--a=1", "--b=2"]})
    assert ignoring("/spec/args/0").sent(CART, manifest, live)["spec"] == {"args": ["--a=9", "--b=2"]}


def test_a_list_that_somebody_else_owns_is_left_out_only_if_the_rest_is_as_declared() -> None:
    live = cart({"args": ["--a=9", "--b=2"]}, ("editor", {"f:spec": {"f:args": {}}}))
    rule = ignoring("/spec/args/0")
    assert rule.sent(CART, cart({"args": ["--a=1", "--b=2"]}), live)["spec"] == {}
    assert rule.sent(CART, cart({"args": ["--a=1", "--b=3"]}), live)["spec"] == {"args": ["--a=9", "--b=3"]}


def test_whose_an_object_is_and_what_it_is_no_rule_ignores() -> None:
    live = cart({}, ("shop", OURS), **{"shop.example/sum": "2"})
    manifest = cart({}, **{"shop.example/sum": "1"})
    for path in ("metadata.annotations", "metadata.annotations.*", "/metadata/*"):
        sent = ignoring(path).sent(CART, manifest, live)
        assert sent["metadata"]["annotations"]["flowmart.example/unit"] == "shop/dev/cart"
        assert sent["metadata"]["name"] == "cart"
        cut = ignoring(path).cut(CART, live, live)
        assert (cut["kind"], cut["metadata"]["annotations"]) == (
            "Deployment",
            {"flowmart.example/unit": "shop/dev/cart"},
        )


def test_what_we_own_and_ignore_is_no_part_of_what_a_plan_is_made_on() -> None:
    live = cart({"replicas": 5, "paused": True, "args": [], "containers": [{"name": "main"}]}, ("shop", OURS))
    owned = ignoring("spec.replicas", "spec.containers.main.image").owned(CART, live)
    assert set(owned["f:spec"]) == {"f:paused", "f:args", "f:containers"}


@pytest.mark.parametrize(
    ("selection", "ignored"),
    [
        (Selection("Deployment", name="cart"), True),
        (Selection("Deploy*", "apps", "shop", "c*"), True),
        (Selection("*", namespace="sho?"), True),
        (Selection("Deployment", group=""), False),
        (Selection("Deployment", namespace="other"), False),
        (Selection("StatefulSet"), False),
    ],
)
def test_a_rule_is_about_the_objects_that_it_selects(selection: Selection, ignored: bool) -> None:
    found = ignoring("spec.replicas", selection=selection).cut(CART, cart({"replicas": 2}), None)
    assert found["spec"] == ({} if ignored else {"replicas": 2})


def test_it_is_said_how_much_is_ignored_and_why() -> None:
    pair = (cart({"replicas": 2}), cart({"replicas": 5, "paused": True}, SCALER))
    assert ignoring("spec.replicas", "spec.paused").notes({CART: pair}) == [
        "kustomize.ignore[0] (Deployment: spec.replicas, spec.paused) ignores 2 fields of 1 object "
        "(spec.paused, spec.replicas): it scales"
    ]
    assert ignoring(manager="scaler").notes({CART: pair}) == [
        "kustomize.ignore[0] (Deployment: fields of scaler) ignores 1 field of 1 object (spec.replicas): it scales"
    ]


def test_a_rule_without_effect_is_named() -> None:
    pair = (cart({"replicas": 2}), cart({"replicas": 5}, SCALER))
    (note,) = ignoring("spec.replica").notes({CART: pair})
    assert note.endswith("matches no field of Deployment/shop/cart; correct it, or remove it")
    (note,) = ignoring("spec.replicas", selection=Selection("Job")).notes({CART: pair})
    assert note.endswith("(Job: spec.replicas) matches no object of the unit; correct it, or remove it")


def test_a_rule_about_what_others_write_is_not_called_idle_before_there_is_anything() -> None:
    assert ignoring(manager="scaler").notes({CART: (cart({"replicas": 2}), None)}) == []
