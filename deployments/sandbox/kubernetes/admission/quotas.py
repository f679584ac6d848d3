"""Resource quotas: compute what a namespace uses, and reject objects that exceed a quota.

https://kubernetes.io/docs/concepts/policy/resource-quotas/

Quotas limit compute resources of pods, and counts of objects. Quotas with scopes are stored but never enforced.
"""

from __future__ import annotations

from decimal import Decimal

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.objects import at, name_of, namespace_of
from deployments.sandbox.kubernetes.quantities import quantity, total, written
from deployments.sandbox.kubernetes.resources import BUILT_IN, Object, Resource, built_in
from deployments.sandbox.kubernetes.storage import Store

_COUNTED = {
    "configmaps": "ConfigMap",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "pods": "Pod",
    "replicationcontrollers": "ReplicationController",
    "resourcequotas": "ResourceQuota",
    "secrets": "Secret",
    "services": "Service",
}
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_OVER = ("Succeeded", "Failed")

Amounts = dict[str, Decimal]


def require_room(store: Store, item: Object, resource: Resource) -> None:
    """Check that a new object fits into all quotas of its namespace.

    Raises:
        ApiError: 403 if a quota would be exceeded, or if a pod does not specify a limited resource.
    """
    if not resource.namespaced or resource.custom:
        return
    asked = _usage(item, resource)
    for quota in store.of_kind(built_in("ResourceQuota"), namespace_of(item)):
        if asked and not quota["spec"].get("scopes") and not quota["spec"].get("scopeSelector"):
            _require_room(store, quota, item, resource, asked)


def used(store: Store, quota: Object) -> dict[str, str]:
    """Return what a namespace uses of each resource that the quota limits, as quantities."""
    namespace = namespace_of(quota)
    hard = quota["spec"].get("hard") or {}
    return {name: written(amount) for name, amount in _used(store, namespace, list(hard)).items()}


def _require_room(store: Store, quota: Object, item: Object, resource: Resource, asked: Amounts) -> None:
    hard = {name: quantity(amount) for name, amount in (quota["spec"].get("hard") or {}).items()}
    name = str(item["metadata"].get("name", ""))
    if resource.kind == "Pod":
        missing = [
            n for n in hard if n not in asked and n.removeprefix("requests.").removeprefix("limits.") in _COMPUTE
        ]
        if missing:
            why = f"failed quota: {name_of(quota)}: must specify {','.join(sorted(missing))}"
            raise status.forbidden(resource, name, why)
    now = _used(store, namespace_of(quota), list(hard))
    over = sorted(n for n in hard if n in asked and now[n] + asked[n] > hard[n])
    if over:
        told = [", ".join(f"{n}={written(amounts[n])}" for n in over) for amounts in (asked, now, hard)]
        why = f"exceeded quota: {name_of(quota)}, requested: {told[0]}, used: {told[1]}, limited: {told[2]}"
        raise status.forbidden(resource, name, why)


def _used(store: Store, namespace: str, names: list[str]) -> Amounts:
    summed = dict.fromkeys(names, Decimal(0))
    for kind in _kinds(names):
        for item in store.of_kind(kind, namespace):
            for name, amount in _usage(item, kind).items():
                if name in summed:
                    summed[name] += amount
    return summed


def _kinds(names: list[str]) -> list[Resource]:
    """Return the kinds whose objects count towards these names."""
    return [resource for resource in BUILT_IN if resource.namespaced and set(_names(resource)) & set(names)]


def _names(resource: Resource) -> list[str]:
    """Return the names by which a quota may limit this kind."""
    names = [f"count/{resource.name}"]
    if not resource.group and resource.plural in _COUNTED:
        names.append(resource.plural)
    if resource.kind == "Pod":
        names += [*_COMPUTE, *(f"{when}.{name}" for when in ("requests", "limits") for name in _COMPUTE)]
    if resource.kind == "Service":
        names += ["services.loadbalancers", "services.nodeports"]
    if resource.kind == "PersistentVolumeClaim":
        names.append("requests.storage")
    return names


def _usage(item: Object, resource: Resource) -> Amounts:
    """Return what one object uses, under every name that a quota may have for it."""
    names = {f"count/{resource.name}": Decimal(1)}
    if not resource.group and resource.plural in _COUNTED:
        names[resource.plural] = Decimal(1)
    if resource.kind == "Pod":
        return {} if at(item, "status.phase") in _OVER else names | _compute(item["spec"])
    if resource.kind == "Service":
        kind = at(item, "spec.type")
        names["services.loadbalancers"] = Decimal(kind == "LoadBalancer")
        names["services.nodeports"] = Decimal(kind in ("NodePort", "LoadBalancer"))
    if resource.kind == "PersistentVolumeClaim":
        names["requests.storage"] = quantity(at(item, "spec.resources.requests.storage", "0"))
    return names


def _compute(spec: Object) -> Amounts:
    resources = [container.get("resources") or {} for container in spec.get("containers", ())]
    requests = total([r.get("requests") or {} for r in resources])
    limits = total([r.get("limits") or {} for r in resources])
    named = {f"requests.{n}": v for n, v in requests.items()} | {f"limits.{n}": v for n, v in limits.items()}
    return named | {n: v for n, v in requests.items() if n in _COMPUTE}
