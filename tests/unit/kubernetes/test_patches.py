"""The three patch types that are not server-side apply, by the examples of their documentation."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.sandbox.kubernetes.patches.json_patch import json_patch
from deployments.sandbox.kubernetes.patches.merge import interleaved, json_merge
from deployments.sandbox.kubernetes.patches.strategic import strategic_merge
from deployments.sandbox.kubernetes.resources import built_in
from deployments.sandbox.kubernetes.schema.types import type_of
from deployments.sandbox.kubernetes.status import ApiError

DEPLOYMENT = type_of(built_in("Deployment"))
POD_SPEC = type_of(built_in("Pod")).fields["spec"]

# RFC 7386, appendix A; the cases whose result is an object.
RFC_7386 = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("original", "patch", "expected"), RFC_7386)
def test_merge_patches_of_the_rfc(original: Any, patch: Any, expected: Any) -> None:
    assert json_merge(original, patch) == expected


def test_a_merge_patch_does_not_touch_the_original() -> None:
    original = {"a": {"b": 1}}
    json_merge(original, {"a": {"b": 2}})
    assert original == {"a": {"b": 1}}


def containers(*items: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": list(items)}}}}


NGINX = {"name": "patch-demo-ctr", "image": "nginx"}
REDIS = {"name": "patch-demo-ctr-2", "image": "redis"}


def test_containers_are_merged_by_name() -> None:
    """The first example of /docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/."""
    patched = strategic_merge(containers(NGINX), containers(REDIS), DEPLOYMENT)
    assert patched == containers(NGINX, REDIS)


def test_a_list_of_plain_values_is_replaced() -> None:
    """Tolerations have no merge key: "Notes on the strategic merge patch" in the same page."""
    original = {"tolerations": [{"key": "dedicated", "value": "test-team"}]}
    patch = {"tolerations": [{"key": "disktype", "value": "ssd"}]}
    assert strategic_merge(original, patch, POD_SPEC) == patch


def test_retain_keys_drops_what_is_not_named() -> None:
    """ "Use strategic merge patch to update a Deployment using the retainKeys strategy", the same page."""
    original = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge(original, patch, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}


STRATEGIC = [
    (
        "delete directive",
        containers(NGINX, REDIS),
        containers({"name": "patch-demo-ctr", "$patch": "delete"}),
        containers(REDIS),
    ),
    ("replace directive in a list", containers(NGINX), containers(REDIS, {"$patch": "replace"}), containers(REDIS)),
    (
        "replace directive in a map",
        {"metadata": {"labels": {"a": "1"}}},
        {"metadata": {"labels": {"$patch": "replace", "b": "2"}}},
        {"metadata": {"labels": {"b": "2"}}},
    ),
    (
        "delete from a list of values",
        {"metadata": {"finalizers": ["a", "b"]}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}},
        {"metadata": {"finalizers": ["b"]}},
    ),
    (
        "values are merged",
        {"metadata": {"finalizers": ["a"]}},
        {"metadata": {"finalizers": ["b"]}},
        {"metadata": {"finalizers": ["a", "b"]}},
    ),
    (
        "null removes",
        {"spec": {"paused": True, "replicas": 1}},
        {"spec": {"paused": None}},
        {"spec": {"replicas": 1}},
    ),
]


@pytest.mark.parametrize(
    ("original", "patch", "expected"), [case[1:] for case in STRATEGIC], ids=[case[0] for case in STRATEGIC]
)
def test_directives(original: Any, patch: Any, expected: Any) -> None:
    """sig-api-machinery/strategic-merge-patch.md."""
    assert strategic_merge(original, patch, DEPLOYMENT) == expected


def test_the_order_of_a_list_can_be_set() -> None:
    """$setElementOrder: sig-api-machinery/strategic-merge-patch.md."""
    patch = containers(REDIS)
    patch["spec"]["template"]["spec"]["$setElementOrder/containers"] = [
        {"name": "patch-demo-ctr-2"},
        {"name": "patch-demo-ctr"},
    ]
    assert strategic_merge(containers(NGINX), patch, DEPLOYMENT) == containers(REDIS, NGINX)


def test_an_item_without_its_merge_key_is_refused() -> None:
    with pytest.raises(ApiError, match="does not contain declared merge key: name"):
        strategic_merge(containers(NGINX), containers({"image": "x"}), DEPLOYMENT)


def test_what_only_the_live_list_has_keeps_its_place() -> None:
    assert interleaved(["c", "a"], ["a", "b", "c"]) == ["c", "a", "b"]
    assert interleaved(["b"], ["x", "b"]) == ["x", "b"]


def test_a_json_patch_moves_and_tests() -> None:
    """RFC 6902."""
    patched = json_patch(
        {"a": 1}, [{"op": "test", "path": "/a", "value": 1}, {"op": "move", "from": "/a", "path": "/b"}]
    )
    assert patched == {"b": 1}


@pytest.mark.parametrize(
    ("operations", "code"),
    [
        ([{"op": "test", "path": "/a", "value": 2}], 422),
        ([{"op": "remove", "path": "/x"}], 422),
        ([{"op": "fly", "path": "/a"}], 400),
        ("nonsense", 400),
    ],
)
def test_a_json_patch_that_cannot_be_applied_is_refused(operations: Any, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        json_patch({"a": 1}, operations)
    assert refused.value.code == code
