"""What an update may not change: claims, and custom resources whose rules compare old and new."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.sandbox.kubernetes.admission import custom_rules
from deployments.sandbox.kubernetes.admission.changes import require_allowed
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.schema.types import Type
from deployments.sandbox.kubernetes.status import ApiError

RULES = [{"rule": "self == oldSelf", "message": "is for good"}]
SCHEMA = Type(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "code": {"type": "string", "x-kubernetes-validations": RULES},
                    "size": {"type": "integer"},
                },
            }
        },
    }
)


def claim(size: str, **more: Any) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **more}
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": "it"}, "spec": spec}


@pytest.mark.parametrize("after", [claim("2Gi"), claim("1Gi", volumeName="pv")])
def test_a_claim_may_grow_and_be_bound(after: Object) -> None:
    require_allowed(claim("1Gi"), after, built_in("PersistentVolumeClaim"))


@pytest.mark.parametrize(
    ("after", "field"),
    [
        (claim("512Mi"), "spec.resources.requests.storage"),
        (claim("1Gi", storageClassName="fast"), "spec"),
        (claim("1Gi", accessModes=["ReadWriteMany"]), "spec"),
    ],
)
def test_a_claim_may_neither_shrink_nor_become_another(after: Object, field: str) -> None:
    with pytest.raises(ApiError) as refused:
        require_allowed(claim("1Gi"), after, built_in("PersistentVolumeClaim"))
    assert [cause["field"] for cause in refused.value.details["causes"]] == [field]


def test_a_rule_may_compare_with_what_was_there() -> None:
    before, after = {"spec": {"code": "a", "size": 1}}, {"spec": {"code": "b", "size": 2}}
    assert custom_rules.transitions(before, {"spec": {"code": "a", "size": 2}}, SCHEMA) == []
    assert [(cause.field, cause.message) for cause in custom_rules.transitions(before, after, SCHEMA)] == [
        ("spec.code", 'Invalid value: "b": is for good')
    ]
    assert custom_rules.transitions({"spec": {}}, after, SCHEMA) == []


def test_a_rule_that_cannot_be_evaluated_is_not_passed_over() -> None:
    unknown = Type({"type": "object", "x-kubernetes-validations": [{"rule": "quantity(self.a).isGreaterThan(1)"}]})
    with pytest.raises(ApiError, match="not emulated"):
        custom_rules.violations({"a": "1"}, unknown)
