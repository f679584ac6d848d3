"""The rule that is missing, in what an API server and helm wrote about a refusal."""

from __future__ import annotations

import json

import pytest

from tasks.cluster.errors import Answered, NotPermitted, refusal
from tasks.cluster.rights import advice
from tasks.engines.helm.errors import failure

PATCH = (
    'deployments.apps "cart" is forbidden: User "flowmart-plan" cannot patch resource "deployments" in API group '
    '"apps" in the namespace "shop"'
)
LOGS = 'pods "x" is forbidden: User "a" cannot get resource "pods/log" in API group "" in the namespace "shop"'
NODES = 'nodes is forbidden: User "a" cannot list resource "nodes" in API group "" at the cluster scope'


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (PATCH, "add to a Role in shop: {apiGroups: [apps], resources: [deployments], verbs: [patch]}"),
        (LOGS, 'add to a Role in shop: {apiGroups: [""], resources: [pods/log], verbs: [get]}'),
        (NODES, 'add to a ClusterRole: {apiGroups: [""], resources: [nodes], verbs: [list]}'),
    ],
)
def test_a_refusal_names_the_rule_to_add(said: str, rule: str) -> None:
    body = json.dumps({"kind": "Status", "reason": "Forbidden", "message": said, "details": {}})
    error = refusal(Answered(403, body), "rehearse Deployment/shop/cart in dev")
    assert isinstance(error, NotPermitted)
    assert str(error).endswith(f"{said}; {rule}")


def test_helm_passes_the_refusal_on_and_each_rule_is_named_once() -> None:
    error = failure("helm upgrade cart", 1, f"Error: UPGRADE FAILED: {LOGS}: {PATCH} && {LOGS}")
    assert str(error).count("add to a Role in shop") == 2


@pytest.mark.parametrize(
    "said",
    [
        'pods "x" is forbidden: violates PodSecurity "restricted:latest"',
        'configmaps "x" is forbidden: ValidatingAdmissionPolicy denied request: may only rehearse',
    ],
)
def test_what_admission_refuses_needs_no_right(said: str) -> None:
    assert advice(said) == ""
    assert str(failure("helm upgrade cart", 1, f"Error: {said}")).endswith(said)
