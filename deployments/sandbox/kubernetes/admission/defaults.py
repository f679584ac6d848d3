"""Fill in what an object leaves out, so that the store has what a real API server would store.

Tables hold default values by field. `name?` applies only if the field exists. `name[]` applies to every item of that
list. If the value is a table, the field is created if it is missing, and then filled in too.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from deployments.sandbox.kubernetes.admission.kind_defaults import DEFAULTS
from deployments.sandbox.kubernetes.admission.normal import normal
from deployments.sandbox.kubernetes.objects import at, clone
from deployments.sandbox.kubernetes.resources import Object, Resource
from deployments.sandbox.kubernetes.schema.types import Type, type_of


def fill_in(item: Object, resource: Resource) -> None:
    """Set an object's defaults, in place. The caller must own `item`. Empty fields count as missing."""
    item |= normal(item, resource)
    _fill(item, DEFAULTS.get(resource.kind, {}) if not resource.custom else {})
    if resource.custom:
        _fill_from_schema(item, type_of(resource))
        return
    dependent = _DEPENDENT.get(resource.kind)
    if dependent:
        dependent(item)
    for path in ("spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec"):
        spec = at(item, path)
        if isinstance(spec, dict) and "containers" in spec:
            _pod(spec, is_template=path != "spec")


def _fill(item: Any, defaults: Mapping[str, Any]) -> None:
    if not isinstance(item, dict):
        return
    for key, default in defaults.items():
        name = key.rstrip("?[]")
        if key.endswith("[]"):
            for each in item.get(name) or ():
                _fill(each, default)
        elif key.endswith("?"):
            _fill(item.get(name), default)
        else:
            _fill_field(item, name, default)


def _fill_field(item: Object, name: str, default: Any) -> None:
    nested = isinstance(default, Mapping)
    if item.get(name) is None:
        item[name] = {} if nested else default
    if nested:
        _fill(item[name], default)


def _fill_from_schema(item: Any, kind: Type) -> None:
    """Set the defaults of a custom resource's schema."""
    if isinstance(item, list):
        for each in item:
            _fill_from_schema(each, kind.items)
    if isinstance(item, dict):
        missing = {name: field for name, field in kind.fields.items() if name not in item}
        item |= {name: clone(f.schema["default"]) for name, f in missing.items() if "default" in f.schema}
        for name, value in item.items():
            field = kind.field(name)
            if field is not None:
                _fill_from_schema(value, field)


def _pod(spec: Object, *, is_template: bool) -> None:
    """Set a pod's defaults. Requests default to limits only in pods, not in templates."""
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        if not isinstance(container, dict):
            continue
        latest = ":" not in str(container.get("image", "")).rsplit("/", 1)[-1] or str(
            container.get("image")
        ).endswith(":latest")
        container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
        resources = container.get("resources") or {}
        if resources.get("limits") and not is_template:
            resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}
    if spec.get("serviceAccountName"):
        # The API keeps the field's deprecated name equal to it.
        spec.setdefault("serviceAccount", spec["serviceAccountName"])


def _deployment(item: Object) -> None:
    strategy = item["spec"]["strategy"]
    if strategy["type"] == "RollingUpdate":
        _fill(strategy, {"rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}})


def _stateful_set(item: Object) -> None:
    strategy = item["spec"]["updateStrategy"]
    if strategy["type"] == "RollingUpdate":
        _fill(strategy, {"rollingUpdate": {"partition": 0}})


def _daemon_set(item: Object) -> None:
    strategy = item["spec"]["updateStrategy"]
    if strategy["type"] == "RollingUpdate":
        _fill(strategy, {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}})


def _replica_set(item: Object) -> None:
    labels = at(item, "spec.template.metadata.labels", {})
    item["spec"].setdefault("selector", {"matchLabels": dict(labels)})


def _job(item: Object) -> None:
    spec = item["spec"]
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)


def _service(item: Object) -> None:
    spec = item["spec"]
    for port in spec.get("ports") or ():
        if isinstance(port, dict) and port.get("port") is not None:
            port.setdefault("targetPort", port["port"])
    if spec["type"] == "ExternalName":
        return
    _fill(spec, {"ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster"})
    spec.setdefault("ipFamilies", ["IPv4"])
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["sessionAffinity"] == "ClientIP":
        _fill(spec, {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}})


def _secret(item: Object) -> None:
    """Move `stringData`, which is write-only, into `data`."""
    for name, value in (item.pop("stringData", None) or {}).items():
        item.setdefault("data", {})[name] = base64.b64encode(str(value).encode()).decode()


def _autoscaler(item: Object) -> None:
    cpu = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    item["spec"].setdefault("metrics", [cpu])


def _network_policy(item: Object) -> None:
    spec = item["spec"]
    if "policyTypes" not in spec:
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _binding(item: Object) -> None:
    for subject in item.get("subjects") or ():
        if isinstance(subject, dict) and subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", "rbac.authorization.k8s.io")


def _definition(item: Object) -> None:
    names = item["spec"].setdefault("names", {})
    kind = str(names.get("kind", ""))
    names.setdefault("singular", kind.lower())
    names.setdefault("listKind", f"{kind}List")


def _namespace(item: Object) -> None:
    metadata = item["metadata"]
    if metadata.get("name"):
        metadata["labels"] = (metadata.get("labels") or {}) | {"kubernetes.io/metadata.name": metadata["name"]}


_DEPENDENT: Mapping[str, Callable[[Object], None]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicaSet": _replica_set,
    "Job": _job,
    "Service": _service,
    "Secret": _secret,
    "HorizontalPodAutoscaler": _autoscaler,
    "NetworkPolicy": _network_policy,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "CustomResourceDefinition": _definition,
    "Namespace": _namespace,
}
