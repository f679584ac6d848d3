"""The columns of the built-in kinds, as in k8s.io/kubernetes `pkg/printers/internalversion`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.sandbox.kubernetes.objects import at, seconds_of
from deployments.sandbox.kubernetes.printing.ages import duration, since
from deployments.sandbox.kubernetes.printing.pods import pod_ready, pod_restarts, pod_status
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.selectors import selector_text

_NONE = "<none>"


@dataclass(frozen=True)
class Column:
    """One column. kubectl shows a `wide` column only with `-o wide`."""

    name: str
    value: Callable[[Object], Any]
    wide: bool = False
    number: bool = False


def _at(name: str, path: str, default: Any = "", **more: bool) -> Column:
    return Column(name, lambda item: _text(at(item, path, default)), **more)


def _number(name: str, path: str) -> Column:
    return Column(name, lambda item: at(item, path, 0), number=True)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else value


def _of(have: str, want: str) -> Callable[[Object], str]:
    return lambda item: f"{at(item, have, 0)}/{at(item, want, 0)}"


def _images(item: Object) -> str:
    return ",".join(c["image"] for c in at(item, "spec.template.spec.containers", []))


def _names(item: Object) -> str:
    return ",".join(c["name"] for c in at(item, "spec.template.spec.containers", []))


def _selector(item: Object) -> str:
    return selector_text(at(item, "spec.selector", {})) or _NONE


_WORKLOAD = (
    Column("Containers", _names, wide=True),
    Column("Images", _images, wide=True),
    Column("Selector", _selector, wide=True),
)


def _service_ports(item: Object) -> str:
    def one(port: Object) -> str:
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        return f"{port['port']}{node}/{port['protocol']}"

    return ",".join(one(port) for port in at(item, "spec.ports", [])) or _NONE


def _external(item: Object) -> str:
    if at(item, "spec.type") == "ExternalName":
        return str(at(item, "spec.externalName", ""))
    hosts = [i.get("hostname") or i.get("ip", "") for i in at(item, "status.loadBalancer.ingress", [])]
    pending = "<pending>" if at(item, "spec.type") == "LoadBalancer" else _NONE
    return ",".join(hosts) or pending


def _endpoints(item: Object) -> str:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in item.get("subsets") or ()
        for address in subset.get("addresses") or ()
        for port in subset.get("ports") or ()
    ]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""
    return ",".join(found[:3]) + more or _NONE


def _node_status(item: Object) -> str:
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in at(item, "status.conditions", []))
    return ("Ready" if ready else "NotReady") + (",SchedulingDisabled" if at(item, "spec.unschedulable") else "")


def _hosts(item: Object) -> str:
    return ",".join(rule["host"] for rule in at(item, "spec.rules", []) if rule.get("host")) or "*"


def _address(item: Object) -> str:
    return ",".join(i.get("hostname") or i.get("ip", "") for i in at(item, "status.loadBalancer.ingress", []))


def _job_duration(item: Object) -> str:
    start, end = at(item, "status.startTime"), at(item, "status.completionTime")
    if not start:
        return ""
    return duration(seconds_of(end) - seconds_of(start)) if end else since(start)


def _job_status(item: Object) -> str:
    met = {c["type"] for c in at(item, "status.conditions", []) if c["status"] == "True"}
    return next((name for name in ("Complete", "Failed", "Suspended") if name in met), "Running")


def _job_completions(item: Object) -> str:
    return f"{at(item, 'status.succeeded', 0)}/{at(item, 'spec.completions', 1)}"


def _targets(item: Object) -> str:
    def one(metric: Object) -> str:
        source = metric.get("resource", {})
        return f"{source.get('name', metric['type'])}: <unknown>/{at(source, 'target.averageUtilization', '?')}%"

    return ", ".join(one(metric) for metric in at(item, "spec.metrics", [])) or _NONE


def _scaled(item: Object) -> str:
    return f"{at(item, 'spec.scaleTargetRef.kind')}/{at(item, 'spec.scaleTargetRef.name')}"


def _quota(prefix: bool) -> Callable[[Object], str]:
    def told(item: Object) -> str:
        hard, used = at(item, "spec.hard", {}), at(item, "status.used", {})
        names = [name for name in sorted(hard) if name.startswith("limits.") == prefix]
        return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in names)

    return told


def _role(item: Object) -> str:
    return f"{item['roleRef']['kind']}/{item['roleRef']['name']}"


def _involved(item: Object) -> str:
    return f"{item['involvedObject'].get('kind', '').lower()}/{item['involvedObject'].get('name', '')}"


COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "Pod": (
        Column("Ready", pod_ready),
        Column("Status", pod_status),
        Column("Restarts", pod_restarts),
    ),
    "Deployment": (
        Column("Ready", _of("status.readyReplicas", "spec.replicas")),
        _number("Up-to-date", "status.updatedReplicas"),
        _number("Available", "status.availableReplicas"),
    ),
    "ReplicaSet": (
        _number("Desired", "spec.replicas"),
        _number("Current", "status.replicas"),
        _number("Ready", "status.readyReplicas"),
    ),
    "StatefulSet": (Column("Ready", _of("status.readyReplicas", "spec.replicas")),),
    "DaemonSet": (
        _number("Desired", "status.desiredNumberScheduled"),
        _number("Current", "status.currentNumberScheduled"),
        _number("Ready", "status.numberReady"),
        _number("Up-to-date", "status.updatedNumberScheduled"),
        _number("Available", "status.numberAvailable"),
    ),
    "Job": (
        Column("Status", _job_status),
        Column("Completions", _job_completions),
        Column("Duration", _job_duration),
    ),
    "CronJob": (
        _at("Schedule", "spec.schedule"),
        _at("Timezone", "spec.timeZone", _NONE),
        _at("Suspend", "spec.suspend", False),
        Column("Active", lambda item: len(at(item, "status.active", [])), number=True),
        Column("Last Schedule", lambda item: since(t) if (t := at(item, "status.lastScheduleTime")) else _NONE),
    ),
    "Service": (
        _at("Type", "spec.type"),
        _at("Cluster-IP", "spec.clusterIP", _NONE),
        Column("External-IP", _external),
        Column("Port(s)", _service_ports),
    ),
    "Endpoints": (Column("Endpoints", _endpoints),),
    "Ingress": (
        _at("Class", "spec.ingressClassName", _NONE),
        Column("Hosts", _hosts),
        Column("Address", _address),
        Column("Ports", lambda item: "80, 443" if at(item, "spec.tls") else "80"),
    ),
    "IngressClass": (_at("Controller", "spec.controller"),),
    "NetworkPolicy": (Column("Pod-Selector", lambda item: selector_text(at(item, "spec.podSelector", {})) or _NONE),),
    "HorizontalPodAutoscaler": (
        Column("Reference", _scaled),
        Column("Targets", _targets),
        _at("MinPods", "spec.minReplicas"),
        _at("MaxPods", "spec.maxReplicas"),
        _number("Replicas", "status.currentReplicas"),
    ),
    "PodDisruptionBudget": (
        _at("Min Available", "spec.minAvailable", "N/A"),
        _at("Max Unavailable", "spec.maxUnavailable", "N/A"),
        _number("Allowed Disruptions", "status.disruptionsAllowed"),
    ),
    "Namespace": (_at("Status", "status.phase"),),
    "Node": (
        Column("Status", _node_status),
        Column("Roles", lambda _: _NONE),
        _at("Version", "status.nodeInfo.kubeletVersion"),
    ),
    "Secret": (_at("Type", "type"), Column("Data", lambda item: len(item.get("data") or ()), number=True)),
    "ConfigMap": (
        Column("Data", lambda item: len({**item.get("data", {}), **item.get("binaryData", {})}), number=True),
    ),
    "ServiceAccount": (Column("Secrets", lambda item: len(item.get("secrets") or ()), number=True),),
    "PersistentVolumeClaim": (
        _at("Status", "status.phase"),
        _at("Volume", "spec.volumeName"),
        _at("Capacity", "status.capacity.storage"),
        _at("StorageClass", "spec.storageClassName"),
    ),
    "ResourceQuota": (Column("Request", _quota(False)), Column("Limit", _quota(True))),
    "RoleBinding": (Column("Role", _role),),
    "ClusterRoleBinding": (Column("Role", _role),),
    "PriorityClass": (_number("Value", "value"), _at("Global-Default", "globalDefault", False)),
    "ControllerRevision": (
        Column("Controller", lambda item: ",".join(r["name"] for r in item["metadata"].get("ownerReferences", ()))),
        _number("Revision", "revision"),
    ),
    "CustomResourceDefinition": (Column("Created At", lambda item: item["metadata"]["creationTimestamp"]),),
    "Lease": (_at("Holder", "spec.holderIdentity"),),
    "StorageClass": (
        _at("Provisioner", "provisioner"),
        _at("ReclaimPolicy", "reclaimPolicy"),
        _at("VolumeBindingMode", "volumeBindingMode"),
    ),
    "EndpointSlice": (
        _at("AddressType", "addressType"),
        Column("Ports", lambda item: ",".join(str(p.get("port")) for p in item.get("ports") or ()) or "<unset>"),
        Column(
            "Endpoints", lambda i: ",".join(a for e in i.get("endpoints") or () for a in e["addresses"]) or "<unset>"
        ),
    ),
    "Event": (
        Column("Last Seen", lambda item: since(item.get("lastTimestamp"))),
        _at("Type", "type"),
        _at("Reason", "reason"),
        Column("Object", _involved),
        _at("Message", "message"),
    ),
}
"""Columns by kind. Name precedes them and Age follows them."""

WIDE: Mapping[str, tuple[Column, ...]] = {
    "Pod": (_at("IP", "status.podIP", _NONE, wide=True), _at("Node", "spec.nodeName", _NONE, wide=True)),
    "Deployment": _WORKLOAD,
    "ReplicaSet": _WORKLOAD,
    "StatefulSet": _WORKLOAD[:2],
    "DaemonSet": _WORKLOAD,
    "Job": _WORKLOAD,
    "Service": (Column("Selector", _selector, wide=True),),
}
"""Additional columns for `-o wide`, after Age."""
