"""The simulated nodes, and the choice of a node for a pod.

Only requests of cpu, memory and pods count, and node selectors. Affinity and taints are ignored.
"""

from __future__ import annotations

from decimal import Decimal

from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, labels_of, name_of, namespace_of, timestamp
from deployments.sandbox.kubernetes.quantities import quantity, total
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.storage import key

CAPACITY = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}
COUNT = 2

_OVER = ("Succeeded", "Failed")


def ensure(world: World) -> None:
    """Create the nodes of a new cluster."""
    for number in range(1, COUNT + 1):
        name = f"{world.name}-node-{number}"
        if world.get("Node", "", name) is None:
            item = world.create(_node(name))
            world.store.put(key(built_in("Node"), "", name), item | {"status": _status(number)})


def _node(name: str) -> Object:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}


def _status(number: int) -> Object:
    now = timestamp()
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
    }
    return {
        "capacity": CAPACITY,
        "allocatable": CAPACITY,
        "conditions": [ready | {"lastHeartbeatTime": now, "lastTransitionTime": now}],
        "addresses": [{"type": "InternalIP", "address": f"10.0.0.{10 + number}"}],
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": "simulated",
            "containerRuntimeVersion": "simulated://1",
            "kernelVersion": "simulated",
            "kubeProxyVersion": "",
            "kubeletVersion": "v1.34.0",
            "machineID": "simulated",
            "operatingSystem": "linux",
            "osImage": "sandbox",
            "systemUUID": "simulated",
        },
    }


def place(world: World, pod: Object) -> tuple[str, str]:
    """Choose a node for a pod.

    Returns:
        The node and an empty string. If no node fits, an empty string and the reason in the scheduler's words.
    """
    nodes, reasons = world.all("Node"), []
    others = [p for p in world.all("Pod") if at(p, "spec.nodeName") and at(p, "status.phase") not in _OVER]
    ranked = sorted(nodes, key=lambda n: (sum(p["spec"]["nodeName"] == name_of(n) for p in others), name_of(n)))
    for node in ranked:
        reason = _obstacle(node, pod, [p for p in others if p["spec"]["nodeName"] == name_of(node)])
        if not reason:
            return name_of(node), ""
        reasons.append(reason)
    told = ", ".join(f"{reasons.count(reason)} {reason}" for reason in sorted(set(reasons)))
    return "", f"0/{len(nodes)} nodes are available: {told}. preemption: 0/{len(nodes)} nodes are available."


def _obstacle(node: Object, pod: Object, others: list[Object]) -> str:
    wanted = at(pod, "spec.nodeSelector", {})
    if any(labels_of(node).get(name) != value for name, value in wanted.items()):
        return "node(s) didn't match Pod's node affinity/selector"
    if at(node, "spec.unschedulable"):
        return "node(s) were unschedulable"
    asked, taken = _requests([pod]), _requests(others)
    for name, amount in asked.items():
        if amount + taken.get(name, Decimal(0)) > quantity(node["status"]["allocatable"].get(name, "0")):
            return f"Insufficient {name}" if name != "pods" else "Too many pods"
    return ""


def _requests(pods: list[Object]) -> dict[str, Decimal]:
    parts = [at(container, "resources.requests", {}) for pod in pods for container in pod["spec"]["containers"]]
    return total(parts) | {"pods": Decimal(len(pods))}


def address_of(pod: Object) -> str:
    """Return the pod's IP address in 10.244.0.0/16, derived from its uid."""
    number = int(pod["metadata"]["uid"].replace("-", "")[:4], 16)
    return f"10.244.{number >> 8}.{max(number & 255, 1)}"


def namespaced(pod: Object) -> str:
    """Return namespace/name, as events write it."""
    return f"{namespace_of(pod)}/{name_of(pod)}"
