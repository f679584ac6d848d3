"""Rules for pods and pod templates, as k8s.io/kubernetes `pkg/apis/core/validation` has them; the common ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.admission.names import LABEL_RULE, is_label
from deployments.sandbox.kubernetes.quantities import quantity
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.status import Cause

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
}
_PULL = ("Always", "IfNotPresent", "Never")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


def pod_rules(spec: Object, where: str, claims: Iterable[str] = ()) -> Iterator[Cause]:
    """What is wrong with a pod's spec that stands at the path `where`. `claims` are volumes that it will be given."""
    if not spec.get("containers"):
        yield status.required(f"{where}.containers")
    for name, allowed in _CHOICES.items():
        if spec.get(name) and spec[name] not in allowed:
            yield status.unsupported(f"{where}.{name}", spec[name], allowed)
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
    yield from _probes(container, here)
    yield from _resources(container.get("resources") or {}, f"{here}.resources")


def port_rules(port: Any, where: str) -> Iterator[Cause]:
    """What is wrong with a port's number."""
    if isinstance(port, int) and not 1 <= port <= 65535:
        yield status.wrong(where, port, "must be between 1 and 65535, inclusive")


def _probes(container: Object, here: str) -> Iterator[Cause]:
    for name in _PROBES:
        probe = container.get(name)
        if probe is not None and not any(handler in probe for handler in _HANDLERS):
            yield status.required(f"{here}.{name}", "must specify a handler type")


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
