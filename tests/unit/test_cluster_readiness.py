"""When an object is ready: the rules of kstatus, on statuses as Kubernetes writes them."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.cluster.readiness import State, readiness

DONE = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
QUOTA = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
VERSIONS = {
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), "apps/v1"),
    **dict.fromkeys(("Pod", "PersistentVolumeClaim", "Service", "ConfigMap", "ReplicationController"), "v1"),
    "Job": "batch/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "Voucher": "shop.example/v1",
}
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}


def live(kind: str, spec: dict[str, Any], status: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    identity = {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": {"name": "x", "generation": 2, **metadata}}
    return {**identity, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("kind", "spec", "status"),
    [
        ("Deployment", {"replicas": 2}, DONE),
        ("Deployment", {"replicas": 0}, {"observedGeneration": 2}),
        ("StatefulSet", {"replicas": 2}, {**DONE, "currentRevision": "b", "updateRevision": "b"}),
        ("StatefulSet", {"replicas": 2, **ON_DELETE}, {"readyReplicas": 2, "updatedReplicas": 1}),
        ("ReplicaSet", {"replicas": 2}, {"availableReplicas": 2}),
        ("DaemonSet", {}, {"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1}),
        ("DaemonSet", ON_DELETE, {"desiredNumberScheduled": 2, "numberAvailable": 2}),
        ("Job", {}, {"conditions": [{"type": "Complete", "status": "True"}]}),
        ("Pod", {}, {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}),
        ("Pod", {}, {"phase": "Succeeded"}),
        ("PersistentVolumeClaim", {}, {"phase": "Bound"}),
        ("Service", {"type": "ClusterIP"}, {}),
        ("Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}),
        ("CustomResourceDefinition", {}, {"conditions": [{"type": "Established", "status": "True"}]}),
        ("PodDisruptionBudget", {}, {"conditions": [{"type": "Ready", "status": "False"}]}),
        ("ConfigMap", {}, {}),
        ("Voucher", {}, {"conditions": [{"type": "Ready", "status": "True"}]}),
    ],
)
def test_it_is_ready(kind: str, spec: dict[str, Any], status: dict[str, Any]) -> None:
    assert readiness(live(kind, spec, status)).ready


@pytest.mark.parametrize(
    ("kind", "spec", "status", "why"),
    [
        ("Deployment", {"replicas": 2}, {**DONE, "observedGeneration": 1}, "has not seen the change"),
        ("Deployment", {"replicas": 2}, {**DONE, "updatedReplicas": 1}, "1 of 2 pods are of the new version"),
        ("Deployment", {"replicas": 2}, {**DONE, "replicas": 3}, "1 pods of the old version"),
        ("Deployment", {"replicas": 2}, {**DONE, "availableReplicas": 1}, "1 of 2 pods are available"),
        ("Deployment", {"replicas": 2}, {**DONE, "conditions": [QUOTA]}, "FailedCreate: exceeded quota"),
        ("Deployment", {}, {}, "0 of 1 pods are of the new version"),
        ("StatefulSet", {"replicas": 2}, {"readyReplicas": 1}, "1 of 2 pods are ready"),
        ("StatefulSet", {"replicas": 2}, {"readyReplicas": 2, "updatedReplicas": 1}, "1 of 2 pods are of the new"),
        ("StatefulSet", {"replicas": 1}, {**DONE, "currentRevision": "a", "updateRevision": "b"}, "has not ended"),
        ("StatefulSet", {"replicas": 2, **ON_DELETE}, {"readyReplicas": 1}, "1 of 2 pods are ready"),
        ("ReplicaSet", {"replicas": 2}, {"availableReplicas": 1}, "1 of 2 pods are available"),
        ("ReplicationController", {}, {}, "0 of 1 pods are available"),
        ("Deployment", {"paused": True}, {"observedGeneration": 2}, "the rollout is paused (spec.paused)"),
        ("DaemonSet", ON_DELETE, {"desiredNumberScheduled": 2, "numberAvailable": 1}, "1 available"),
        ("DaemonSet", {}, {}, "not been scheduled"),
        (
            "DaemonSet",
            {},
            {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1},
            "1 avail",
        ),
        ("Job", {}, {"active": 1}, "not completed"),
        ("Job", {"suspend": True}, {}, "it is suspended (spec.suspend)"),
        ("Pod", {}, {"phase": "Running"}, "Running and not ready"),
        ("PersistentVolumeClaim", {}, {"phase": "Pending"}, "Pending"),
        ("Service", {"type": "LoadBalancer"}, {}, "no load balancer"),
        ("CustomResourceDefinition", {}, {}, "not established"),
        ("Voucher", {}, {"conditions": [{"type": "Ready", "status": "False", "message": "no budget"}]}, "no budget"),
        ("Voucher", {}, {"conditions": [{"type": "Reconciling", "status": "True"}]}, "not ready"),
    ],
)
def test_it_is_on_its_way(kind: str, spec: dict[str, Any], status: dict[str, Any], why: str) -> None:
    found = readiness(live(kind, spec, status))
    assert found.state is State.PROGRESSING
    assert why in found.why


@pytest.mark.parametrize(
    ("kind", "status", "why"),
    [
        ("Deployment", {**DONE, "conditions": [LATE]}, "ProgressDeadlineExceeded: timed out"),
        ("Job", {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}, "Backoff"),
        ("Pod", {"phase": "Failed", "reason": "Evicted"}, "Evicted"),
        ("CustomResourceDefinition", {"conditions": [{"type": "NamesAccepted", "status": "False"}]}, "NamesNot"),
        ("Voucher", {"conditions": [{"type": "Stalled", "status": "True", "message": "never"}]}, "never"),
    ],
)
def test_it_has_failed(kind: str, status: dict[str, Any], why: str) -> None:
    found = readiness(live(kind, {"replicas": 2}, status))
    assert found.state is State.FAILED
    assert why in found.why


@pytest.mark.parametrize("kind", ["Service", "Job", "StatefulSet", "Deployment", "PersistentVolumeClaim"])
def test_a_kind_of_another_group_with_the_name_of_a_built_in_one_is_judged_by_its_conditions(kind: str) -> None:
    custom = {**live(kind, {"type": "LoadBalancer"}, {}), "apiVersion": "serving.example.dev/v1"}
    assert readiness(custom).ready
    waiting = {"conditions": [{"type": "Ready", "status": "Unknown", "message": "no revision yet"}]}
    assert readiness({**custom, "status": waiting}).why == "no revision yet"


def test_what_is_missing_or_going_is_not_ready() -> None:
    assert readiness(None).why == "it does not exist"
    assert readiness(live("ConfigMap", {}, {}, deletionTimestamp="now")).why == "it is being deleted"
