"""Kinds in two versions: what is kept in one, as who asks in the other sees it."""

from __future__ import annotations

from typing import Any

from deployments.sandbox.kubernetes.conversion import from_kept, kept_as, to_kept
from deployments.sandbox.kubernetes.resources import BUILT_IN, Resource, built_in

MEMORY = {
    "type": "Resource",
    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}


def resource(group: str, version: str, kind: str) -> Resource:
    return next(r for r in BUILT_IN if (r.group, r.version, r.kind) == (group, version, kind))


OLD = resource("autoscaling", "v1", "HorizontalPodAutoscaler")


def autoscaler(*metrics: Any, **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"maxReplicas": 3, "metrics": list(metrics), **more},
    }


def test_both_versions_of_an_autoscaler_are_one_object() -> None:
    assert kept_as(OLD) is built_in("HorizontalPodAutoscaler")
    assert OLD.place == built_in("HorizontalPodAutoscaler").place


def test_the_share_of_cpu_is_a_field_of_its_own_in_v1() -> None:
    shown = from_kept(autoscaler(CPU), OLD)
    assert shown["apiVersion"] == "autoscaling/v1"
    assert shown["spec"] == {"maxReplicas": 3, "targetCPUUtilizationPercentage": 70}
    assert to_kept(shown, OLD) == autoscaler(CPU)


def test_nothing_that_v1_has_no_field_for_is_lost() -> None:
    kept = autoscaler(CPU, MEMORY, behavior={"scaleDown": {"stabilizationWindowSeconds": 60}})
    back = to_kept(from_kept(kept, OLD), OLD)
    assert back["spec"] == kept["spec"]


def test_the_owners_of_a_field_are_the_same_in_both_versions() -> None:
    kept = autoscaler(CPU)
    kept["metadata"]["managedFields"] = [
        {"apiVersion": "autoscaling/v2", "fieldsV1": {"f:spec": {"f:maxReplicas": {}, "f:metrics": {}}}}
    ]
    (entry,) = from_kept(kept, OLD)["metadata"]["managedFields"]
    assert entry["apiVersion"] == "autoscaling/v1"
    assert entry["fieldsV1"] == {"f:spec": {"f:maxReplicas": {}, "f:targetCPUUtilizationPercentage": {}}}


def test_an_event_is_the_same_in_both_groups() -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "web.1"},
        "involvedObject": {"kind": "Pod", "name": "web"},
        "message": "Started",
        "count": 2,
    }
    newer = resource("events.k8s.io", "v1", "Event")
    shown = from_kept(event, newer)
    assert (shown["regarding"], shown["note"]) == (event["involvedObject"], "Started")
    assert shown["deprecatedCount"] == 2
    assert to_kept(shown, newer) == event
