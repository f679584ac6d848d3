"""The sandbox refuses what does not fit its schema in a server-side apply as kube-apiserver does: 500, no reason."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.sandbox.kubernetes.patches.strict import require_typed
from deployments.sandbox.kubernetes.resources import built_in
from deployments.sandbox.kubernetes.status import ApiError

CONTAINER = {"name": "a", "image": "x"}


@pytest.mark.parametrize(
    ("kind", "content", "told"),
    [
        ("ConfigMap", {"dat": {}}, ".dat: field not declared in schema"),
        ("ConfigMap", {"data": {"a": 1}}, ".data.a: expected string, got &value.valueUnstructured{Value:1}"),
        ("Secret", {"data": {"a": "%%%"}}, "error decoding from json: illegal base64 data at input byte 0"),
        ("Deployment", {"spec": {"replicas": "two"}}, ".spec.replicas: expected numeric (int or float), got string"),
        ("Deployment", {"spec": {"replicas": 1.5}}, "cannot convert float64 to int32"),
        ("Pod", {"spec": {"containers": [CONTAINER, CONTAINER]}}, 'duplicate entries for key [name="a"]'),
        ("Pod", {"metadata": {"finalizers": ["a", "a"]}}, 'duplicate entries for key [="a"]'),
        ("ResourceQuota", {"spec": {"hard": {"pods": "forty"}}}, "quantities must match the regular expression"),
    ],
)
def test_what_does_not_fit_is_500_without_a_reason(kind: str, content: dict[str, Any], told: str) -> None:
    with pytest.raises(ApiError) as raised:
        require_typed({"apiVersion": "v1", "kind": kind, **content}, built_in(kind), "shop", "it")
    assert (raised.value.code, "reason" in raised.value.status) == (500, False)
    assert told in raised.value.message


def test_what_fits_passes() -> None:
    fits = {"spec": {"replicas": 2, "template": {"spec": {"containers": [CONTAINER, {**CONTAINER, "name": "b"}]}}}}
    require_typed({"apiVersion": "apps/v1", "kind": "Deployment", **fits}, built_in("Deployment"), "shop", "it")
