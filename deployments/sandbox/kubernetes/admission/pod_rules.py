"""The common rules for pods and pod templates, from k8s.io/kubernetes `pkg/apis/core/validation`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.admission.names import LABEL_RULE, is_label, label_rules
from deployments.sandbox.kubernetes.objects import at
from deployments.sandbox.kubernetes.quantities import quantity
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.status import Cause

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
}
_PULL = ("Always", "IfNotPresent", "Never")
_OPERATORS = ("Equal", "Exists")
_FIELD_PATH = re.compile(
    r"metadata\.(name|namespace|uid|labels\['.+'\]|annotations\['.+'\])"
    r"|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs)"
)
"""The fields of its pod that an environment variable may refer to (`pkg/apis/core/v1/conversion.go`)."""
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


def pod_rules(spec: Object, where: str, claims: Iterable[str] = ()) -> Iterator[Cause]:
    """Yield what is wrong with a pod's spec.

    Args:
        spec: The pod's spec.
        where: The path of the spec in its object.
        claims: Names of volumes that a StatefulSet's claim templates add later.
    """
    if not spec.get("containers"):
        yield status.required(f"{where}.containers")
    for name, allowed in _CHOICES.items():
        if spec.get(name) and spec[name] not in allowed:
            yield status.unsupported(f"{where}.{name}", spec[name], allowed)
    yield from _volumes(spec.get("volumes") or (), f"{where}.volumes")
    for name, value in (spec.get("nodeSelector") or {}).items():
        yield from label_rules(name, value, f"{where}.nodeSelector")
    for index, toleration in enumerate(spec.get("tolerations") or ()):
        operator = toleration.get("operator", "Equal")
        if operator not in _OPERATORS:
            yield status.unsupported(f"{where}.tolerations[{index}].operator", operator, _OPERATORS)
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()} | set(claims)
    for kind in ("initContainers", "containers"):
        yield from _containers(spec.get(kind) or (), f"{where}.{kind}", volumes)


def _containers(containers: Any, where: str, volumes: set[Any]) -> Iterator[Cause]:
    seen = set()
    for index, container in enumerate(containers):
        here, name = f"{where}[{index}]", str(container.get("name", ""))
        if name in seen:
            yield status.duplicate(f"{here}.name", name)
        seen.add(name)
        if name and not is_label(name):
            yield status.wrong(f"{here}.name", name, LABEL_RULE)
        yield from _container(container, here, volumes)


def _container(container: Object, here: str, volumes: set[Any]) -> Iterator[Cause]:
    if not container.get("image"):
        yield status.required(f"{here}.image")
    if container.get("imagePullPolicy", "Always") not in _PULL:
        yield status.unsupported(f"{here}.imagePullPolicy", container["imagePullPolicy"], _PULL)
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            message = f'Not found: "{mount.get("name")}"'
            yield Cause("FieldValueNotFound", message, f"{here}.volumeMounts[{index}].name")
    for index, port in enumerate(container.get("ports") or ()):
        yield from port_rules(port.get("containerPort"), f"{here}.ports[{index}].containerPort")
        if port.get("name"):
            yield from port_name_rules(port["name"], f"{here}.ports[{index}].name")
    for index, variable in enumerate(container.get("env") or ()):
        yield from _variable(variable, f"{here}.env[{index}]")
    yield from _probes(container, here)
    yield from _resources(container.get("resources") or {}, f"{here}.resources")


def port_rules(port: Any, where: str) -> Iterator[Cause]:
    """Yield what is wrong with a port's number."""
    if isinstance(port, int) and not 1 <= port <= 65535:
        yield status.wrong(where, port, "must be between 1 and 65535, inclusive")


def port_name_rules(name: str, where: str) -> Iterator[Cause]:
    """Yield what is wrong with a port's name (RFC 6335)."""
    if len(name) > 15:
        yield status.wrong(where, name, "must be no more than 15 characters")
    elif not re.fullmatch(r"[-a-z0-9]+", name):
        yield status.wrong(where, name, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    elif not re.search(r"[a-z]", name):
        yield status.wrong(where, name, "must contain at least one letter (a-z)")


def _variable(variable: Object, here: str) -> Iterator[Cause]:
    source = variable.get("valueFrom")
    if source is None:
        return
    if variable.get("value"):
        yield status.wrong(f"{here}.valueFrom", "", "may not be specified when `value` is not empty")
    path = at(source, "fieldRef.fieldPath")
    if path is not None and not _FIELD_PATH.fullmatch(str(path)):
        why = f"error converting fieldPath: field label not supported: {path}"
        yield status.wrong(f"{here}.valueFrom.fieldRef.fieldPath", path, why)


def _volumes(volumes: Any, where: str) -> Iterator[Cause]:
    """Check that each volume has at most one source. A volume without a source is an emptyDir."""
    for index, volume in enumerate(volumes):
        for name in [key for key in volume if key != "name"][1:]:
            yield Cause(
                "FieldValueForbidden",
                "Forbidden: may not specify more than 1 volume type",
                f"{where}[{index}].{name}",
            )


def _probes(container: Object, here: str) -> Iterator[Cause]:
    for name in _PROBES:
        probe = container.get(name)
        if probe is None:
            continue
        handlers = [handler for handler in _HANDLERS if handler in probe]
        if not handlers:
            yield status.required(f"{here}.{name}", "must specify a handler type")
        for handler in handlers[1:]:
            why = "Forbidden: may not specify more than 1 handler type"
            yield Cause("FieldValueForbidden", why, f"{here}.{name}.{handler}")


def _resources(resources: Object, here: str) -> Iterator[Cause]:
    limits = resources.get("limits") or {}
    for name, amount in (resources.get("requests") or {}).items():
        if name not in limits:
            continue
        try:
            over = quantity(amount) > quantity(limits[name])
        except ValueError:
            continue
        if over:
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield status.wrong(f"{here}.requests", str(amount), why)
