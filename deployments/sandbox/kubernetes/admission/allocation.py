"""Values that the API server assigns: addresses and ports of services, and the first status of some kinds."""

from __future__ import annotations

import hashlib

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.objects import at, name_of, namespace_of
from deployments.sandbox.kubernetes.resources import Object, Resource, built_in
from deployments.sandbox.kubernetes.storage import Store

_NODE_PORTS = range(30000, 32768)


def allocate(item: Object, resource: Resource, store: Store) -> None:
    """Assign an object's server-side values, in place. The caller must own `item`.

    Raises:
        ApiError: 500 if no cluster IP is left.
    """
    if resource.kind == "Service":
        _service(item, store)
    elif resource.kind == "Pod" and "status" not in item:
        item["status"] = {"phase": "Pending", "qosClass": _quality(item["spec"])}
    elif resource.kind == "Namespace":
        item.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
        item.setdefault("status", {"phase": "Active"})
    elif resource.kind == "PersistentVolumeClaim" and "status" not in item:
        item["status"] = {"phase": "Pending"}


def keep(before: Object, after: Object, resource: Resource) -> None:
    """Keep assigned values that an update leaves out. Changes `after` in place."""
    if resource.kind == "Service" and at(after, "spec.type", "ClusterIP") != "ExternalName":
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"):
            if name in before["spec"]:
                after["spec"].setdefault(name, before["spec"][name])
        had = {p.get("name", ""): p for p in before["spec"].get("ports") or ()}
        for port in after["spec"].get("ports") or ():
            node_port = had.get(port.get("name", ""), {}).get("nodePort")
            if node_port and at(after, "spec.type") in ("NodePort", "LoadBalancer"):
                port.setdefault("nodePort", node_port)
    if resource.kind == "Namespace":
        after["spec"] = before["spec"]


def _service(item: Object, store: Store) -> None:
    spec = item["spec"]
    if spec.get("type") == "ExternalName":
        return
    taken = [s for s in store.of_kind(built_in("Service")) if s["metadata"]["uid"] != item["metadata"]["uid"]]
    if not spec.get("clusterIP"):
        spec["clusterIP"] = _address(item, {at(s, "spec.clusterIP") for s in taken})
    spec["clusterIPs"] = [spec["clusterIP"]]
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        used = {port.get("nodePort") for s in taken for port in s["spec"].get("ports") or ()}
        for port in spec.get("ports") or ():
            if not port.get("nodePort"):
                port["nodePort"] = next(number for number in _NODE_PORTS if number not in used)
            used.add(port["nodePort"])
    item.setdefault("status", {"loadBalancer": {}})


def _address(item: Object, used: set[str]) -> str:
    """Return a free address of 10.96.0.0/16. The same name gets the same address again if it is free."""
    start = int.from_bytes(hashlib.sha256(f"{namespace_of(item)}/{name_of(item)}".encode()).digest()[:2], "big")
    for offset in range(65536):
        high, low = divmod((start + offset) % 65536, 256)
        address = f"10.96.{high}.{low}"
        if 0 < low < 255 and address not in used:
            return address
    raise status.ApiError(500, "InternalError", "no cluster IP is left in 10.96.0.0/16")


def _quality(spec: Object) -> str:
    """Return the QoS class: https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"""
    containers = [*spec.get("containers", ()), *spec.get("initContainers", ())]
    resources = [container.get("resources") or {} for container in containers]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    limited = all({"cpu", "memory"} <= (r.get("limits") or {}).keys() for r in resources)
    equal = all((r.get("requests") or r.get("limits")) == r.get("limits") for r in resources)
    return "Guaranteed" if limited and equal else "Burstable"
