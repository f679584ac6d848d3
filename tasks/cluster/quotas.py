"""Checks whether a namespace has room for all objects of a release; a dry run checks each object only alone.

It counts objects and the storage that claims request, which the API server counts when an object is created
(https://kubernetes.io/docs/concepts/policy/resource-quotas/). A workload's pods are not counted here. The API server
counts them when the controller creates them, long after it accepted the workload.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tasks.cluster.access import Cluster
from tasks.cluster.comparison import amount
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Manifest, Reference

_BY_NAME = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    }
)
"""The core group's resources that a quota also counts without `count/`."""

Created = Mapping[Reference, Manifest]


def exceeded(cluster: Cluster, created: Created, released: Created) -> list[str]:
    """Describe each quota that the created objects would exceed. Quotas that may not be read are skipped.

    Args:
        cluster: the cluster, as the identity that reads.
        created: the objects that do not exist yet.
        released: all objects of the release. Quotas among them will be in force.
    """
    found: list[str] = []
    for namespace in sorted({about.namespace for about in created if about.namespace}):
        try:
            quotas = cluster.listed("v1", "ResourceQuota", namespace)
        except NotPermitted:
            continue
        here = {about: manifest for about, manifest in created.items() if about.namespace == namespace}
        needed = _needed(cluster, here)
        for quota in quotas:
            about = Reference("v1", "ResourceQuota", namespace, quota["metadata"]["name"])
            found += _short(about, _limits(quota, released.get(about)), quota, needed)
    return found


def _limits(live: Manifest, released: Manifest | None) -> Mapping[str, Any]:
    """Return what the quota allows. A quota with scopes counts only certain pods, which are not counted here."""
    spec = (released or live).get("spec") or {}
    scoped = spec.get("scopes") or spec.get("scopeSelector")
    return {} if scoped else spec.get("hard") or {}


def _short(about: Reference, hard: Mapping[str, Any], live: Manifest, needed: Counter[str]) -> Iterator[str]:
    used = (live.get("status") or {}).get("used") or {}
    for resource, limit in hard.items():
        allowed, taken = amount(limit), amount(used.get(resource, 0)) or 0
        if allowed is not None and needed[resource] and taken + needed[resource] > allowed:
            quota = f"allows {limit} {resource}, {used.get(resource, 0)} are used"
            yield f"{about} {quota}, and the release adds {needed[resource]:g}"


def _needed(cluster: Cluster, created: Created) -> Counter[str]:
    total: Counter[str] = Counter()
    for about, manifest in created.items():
        total.update(dict(_counted(about, cluster.resource_name(about), manifest.get("spec") or {})))
    return total


def _counted(about: Reference, resource: str, spec: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield the resources of quotas that an object counts towards, with amounts."""
    yield (f"count/{resource}.{about.group}" if about.group else f"count/{resource}"), 1
    if not about.group and resource in _BY_NAME:
        yield resource, 1
    if about.kind == "Service" and not about.group:
        yield "services.loadbalancers", int(spec.get("type") == "LoadBalancer")
        yield (
            "services.nodeports",
            int(spec.get("type") in ("NodePort", "LoadBalancer")) * len(spec.get("ports") or ()),
        )
    if about.kind == "PersistentVolumeClaim":
        asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage", 0)
        yield "requests.storage", amount(asked) or 0
