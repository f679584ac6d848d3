"""Immutable fields: what an update must not change, with the API server's messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.admission import custom_rules
from deployments.sandbox.kubernetes.objects import at, clone
from deployments.sandbox.kubernetes.quantities import quantity
from deployments.sandbox.kubernetes.resources import Object, Resource
from deployments.sandbox.kubernetes.schema.types import type_of
from deployments.sandbox.kubernetes.status import Cause

_FIXED: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec.selector",),
    "ReplicaSet": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "Job": ("spec.selector", "spec.template", "spec.completions"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
    "Secret": ("type",),
    "StorageClass": ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    "PriorityClass": ("value",),
    "CustomResourceDefinition": ("spec.group", "spec.scope", "spec.names.plural", "spec.names.kind"),
    "IngressClass": ("spec.controller",),
}

_STATEFUL_MAY = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_STATEFUL = (
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
    "forbidden"
)
_POD = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def require_allowed(before: Object, after: Object, resource: Resource) -> None:
    """Check that an update changes no immutable field.

    Raises:
        ApiError: 422, with every forbidden change.
    """
    causes = list(_causes(before, after, resource))
    if causes:
        raise status.invalid(resource, str(after["metadata"]["name"]), causes)


def _causes(before: Object, after: Object, resource: Resource) -> Iterator[Cause]:
    if resource.custom:
        yield from custom_rules.transitions(before, after, type_of(resource))
        return
    for path in _FIXED.get(resource.kind, ()):
        if at(before, path) != at(after, path):
            yield status.wrong(path, at(after, path, ""), "field is immutable")
    if resource.kind in _RULES:
        yield from _RULES[resource.kind](before, after)


def _stateful_set(before: Object, after: Object) -> Iterator[Cause]:
    if _others(before) != _others(after):
        yield Cause("FieldValueForbidden", _STATEFUL, "spec")


def _pod(before: Object, after: Object) -> Iterator[Cause]:
    if _fixed_in_pod(before) != _fixed_in_pod(after):
        yield Cause("FieldValueForbidden", _POD, "spec")


def _service(before: Object, after: Object) -> Iterator[Cause]:
    if _moves(before, after):
        yield status.wrong("spec.clusterIPs[0]", at(after, "spec.clusterIP", ""), "may not change once set")


def _others(item: Object) -> Object:
    return {name: value for name, value in item["spec"].items() if name not in _STATEFUL_MAY}


def _fixed_in_pod(item: Object) -> Object:
    """Return a pod's spec without its mutable fields."""
    spec: Object = clone(item["spec"])
    for name in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"):
        spec.pop(name, None)
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        container.pop("image", None)
    return spec


def _claim(was: Object, becomes: Object) -> Iterator[Cause]:
    """Allow a claim only to grow and to be bound."""
    before, after = was["spec"], becomes["spec"]
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if changed - {"resources", "volumeAttributesClassName", *(["volumeName"] if "volumeName" not in before else [])}:
        why = "spec is immutable after creation except resources.requests and volumeAttributesClassName"
        yield Cause("FieldValueForbidden", f"Forbidden: {why} for bound claims", "spec")
    sizes = [quantity(at(spec, "resources.requests.storage", 0)) for spec in (before, after)]
    if sizes[1] < sizes[0]:
        why = "Forbidden: field can not be less than status.capacity"
        yield Cause("FieldValueForbidden", why, "spec.resources.requests.storage")


def _moves(before: Object, after: Object) -> bool:
    had, has = at(before, "spec.clusterIP", ""), at(after, "spec.clusterIP", "")
    external = "ExternalName" in (at(before, "spec.type"), at(after, "spec.type"))
    return bool(had) and had != has and not external


def _frozen(before: Object, after: Object) -> Iterator[Cause]:
    if not before.get("immutable"):
        return
    for name in ("data", "binaryData", "immutable"):
        if before.get(name) != after.get(name):
            why = "Forbidden: field is immutable when `immutable` is set"
            yield Cause("FieldValueForbidden", why, name)


_RULES: Mapping[str, Callable[[Object, Object], Iterator[Cause]]] = {
    "StatefulSet": _stateful_set,
    "Pod": _pod,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "Secret": _frozen,
    "ConfigMap": _frozen,
}
