"""Convert kinds that the API serves in two versions. The store keeps one version.

| requested as | kept as |
| --- | --- |
| autoscaling/v1 HorizontalPodAutoscaler | autoscaling/v2; annotations hold what v1 has no field for |
| events.k8s.io/v1 Event | v1 Event |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from deployments.sandbox.kubernetes.objects import annotations_of, clone
from deployments.sandbox.kubernetes.resources import Object, Resource, built_in

_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_TARGET = "targetCPUUtilizationPercentage"
_CURRENT = "currentCPUUtilizationPercentage"
_EVENTS = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
"""Names of an Event's fields in events.k8s.io, mapped to their names in the core group."""


def kept_as(resource: Resource) -> Resource:
    """Return the resource as which the store keeps objects of `resource`; almost always `resource` itself."""
    found = _KEPT.get((resource.group, resource.version, resource.kind))
    return built_in(resource.kind, found[0]) if found and not resource.custom else resource


def to_kept(item: Object, resource: Resource) -> Object:
    """Convert an object of `resource` to the version that the store keeps."""
    kept = kept_as(resource)
    return item if kept is resource else {**_rule(resource)[1](clone(item)), "apiVersion": kept.api_version}


def from_kept(item: Object, resource: Resource) -> Object:
    """Convert a stored object to `resource`. Versions of custom resources differ only in `apiVersion`."""
    shown = item if kept_as(resource) is resource else _rule(resource)[2](clone(item))
    return {**shown, "apiVersion": resource.api_version}


def _rule(resource: Resource) -> _Rule:
    return _KEPT[resource.group, resource.version, resource.kind]


def _autoscaler_to_kept(item: Object) -> Object:
    spec, annotations = item.get("spec") or {}, dict(annotations_of(item))
    more = json.loads(annotations.pop(_METRICS, "[]"))
    share = spec.pop(_TARGET, None)
    metrics = [*([_cpu(share)] if share is not None else []), *more]
    spec |= {"metrics": metrics} if metrics else {}
    if _BEHAVIOR in annotations:
        spec["behavior"] = json.loads(annotations.pop(_BEHAVIOR))
    if annotations_of(item):
        item["metadata"]["annotations"] = annotations
    return _owned(item, _TARGET, "metrics", "autoscaling/v2")


def _autoscaler_from_kept(item: Object) -> Object:
    spec = item.get("spec") or {}
    found = spec.pop("metrics", ())
    shares = [metric["resource"]["target"]["averageUtilization"] for metric in found if _is_cpu(metric)]
    spec |= {_TARGET: shares[0]} if shares else {}
    others = [metric for metric in found if not _is_cpu(metric)]
    kept = {_METRICS: others, _BEHAVIOR: spec.pop("behavior", None)}
    told = {name: json.dumps(value) for name, value in kept.items() if value}
    if told:
        item["metadata"]["annotations"] = {**annotations_of(item), **told}
    (item.get("status") or {}).pop("conditions", None)
    return _owned(item, "metrics", _TARGET, "autoscaling/v1")


def _cpu(share: int) -> Object:
    target = {"type": "Utilization", "averageUtilization": share}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _is_cpu(metric: Object) -> bool:
    resource = metric.get("resource") or {}
    return resource.get("name") == "cpu" and "averageUtilization" in (resource.get("target") or {})


def _owned(item: Object, before: str, after: str, api_version: str) -> Object:
    """Rename the field in managedFields too, so that it has the same owners in every version."""
    for entry in item.get("metadata", {}).get("managedFields") or ():
        spec = (entry.get("fieldsV1") or {}).get("f:spec")
        if entry.get("subresource") or not isinstance(spec, dict):
            continue
        entry["apiVersion"] = api_version
        if f"f:{before}" in spec:
            spec.pop(f"f:{before}")
            spec[f"f:{after}"] = {}
    return item


def _event_to_kept(item: Object) -> Object:
    return {_EVENTS.get(name, name): value for name, value in item.items()}


def _event_from_kept(item: Object) -> Object:
    names = {core: name for name, core in _EVENTS.items()}
    return {names.get(name, name): value for name, value in item.items()}


_Convert = Callable[[Object], Object]
_Rule = tuple[str, _Convert, _Convert]
_KEPT: Mapping[tuple[str, str, str], _Rule] = {
    ("autoscaling", "v1", "HorizontalPodAutoscaler"): ("autoscaling", _autoscaler_to_kept, _autoscaler_from_kept),
    ("events.k8s.io", "v1", "Event"): ("", _event_to_kept, _event_from_kept),
}
"""For each group, version and kind: the group that keeps it, and the conversions to and from that form."""
