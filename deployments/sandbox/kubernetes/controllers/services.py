"""Services: keep their Endpoints and EndpointSlices up to date, and assign addresses of load balancers."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest
from deployments.sandbox.kubernetes.controllers.templates import is_active, is_ready
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import (
    at,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.selectors import label_selector
from deployments.sandbox.kubernetes.storage import Event, Key, key

_SERVICE = "kubernetes.io/service-name"


class Services:
    """Controls services."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's service, or every service whose selector matches, or matched, the event's pod."""
        yield from interest.itself(event, "Service")
        if interest.of_kind(event, "Pod"):
            for service in self._world.all("Service", event.key.namespace):
                if _selects(service, event.object) or (event.previous and _selects(service, event.previous)):
                    yield key(built_in("Service"), event.key.namespace, name_of(service))

    def reconcile(self, key: Key) -> float | None:
        """Update the endpoints of one service. Delete them if the service is gone."""
        service = self._world.store.get(key)
        if service is None:
            self._forget(key)
            return None
        if at(service, "spec.type") == "LoadBalancer":
            host = f"{name_of(service)}.{namespace_of(service)}.{self._world.name}.sandbox.internal"
            self._world.set_status(service, {"loadBalancer": {"ingress": [{"hostname": host}]}})
        if at(service, "spec.selector") and not is_terminating(service):
            self._endpoints(service)
        return None

    def _forget(self, place: Key) -> None:
        found = self._world.get("Endpoints", place.namespace, place.name)
        if found is not None:
            self._world.delete(found)

    def _endpoints(self, service: Object) -> None:
        pods = [p for p in self._world.all("Pod", namespace_of(service)) if _selects(service, p) and is_active(p)]
        pods = [pod for pod in pods if at(pod, "status.podIP")]
        subsets = _subsets(service, pods)
        self._put("Endpoints", name_of(service), service, {"subsets": subsets} if subsets else {})
        slices = {
            "addressType": "IPv4",
            "endpoints": [_endpoint(pod) for pod in pods],
            "ports": _ports(service, pods),
        }
        self._put("EndpointSlice", f"{name_of(service)}-{uid_of(service)[:5]}", service, slices)

    def _put(self, kind: str, name: str, service: Object, content: Object) -> None:
        resource = built_in(kind)
        found = self._world.get(kind, namespace_of(service), name)
        names = ("subsets", "addressType", "endpoints", "ports")
        if found is None:
            metadata: Object = {"name": name, "namespace": namespace_of(service), "labels": _labels(service, kind)}
            metadata |= {"ownerReferences": [owner_reference(service)]} if kind == "EndpointSlice" else {}
            self._world.create({"apiVersion": resource.api_version, "kind": kind, "metadata": metadata, **content})
        elif {n: found[n] for n in names if n in found} != content:

            def replace(current: Object) -> None:
                for each in names:
                    current.pop(each, None)
                current.update(content)

            self._world.change(found, replace)


def _labels(service: Object, kind: str) -> dict[str, str]:
    if kind == "Endpoints":
        return dict(labels_of(service))
    managed = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
    return {**labels_of(service), _SERVICE: name_of(service), **managed}


def _selects(service: Object, pod: Object) -> bool:
    selector = at(service, "spec.selector")
    return bool(selector) and label_selector({"matchLabels": selector})(labels_of(pod))


def _subsets(service: Object, pods: list[Object]) -> list[Object]:
    ready = [_address(pod) for pod in pods if is_ready(pod)]
    waiting = [_address(pod) for pod in pods if not is_ready(pod)]
    if not pods:
        return []
    given = {name: value for name, value in (("addresses", ready), ("notReadyAddresses", waiting)) if value}
    return [given | {"ports": _ports(service, pods)}]


def _reference(pod: Object) -> Object:
    return {"kind": "Pod", "name": name_of(pod), "namespace": namespace_of(pod), "uid": uid_of(pod)}


def _address(pod: Object) -> Object:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": _reference(pod)}


def _endpoint(pod: Object) -> Object:
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": is_ready(pod), "serving": is_ready(pod), "terminating": False},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": _reference(pod),
    }


def _ports(service: Object, pods: list[Object]) -> list[Object]:
    return [_port(port, pods) for port in service["spec"].get("ports") or ()]


def _port(port: Object, pods: list[Object]) -> Object:
    target = port.get("targetPort", port["port"])
    if isinstance(target, str):
        target = next((number for pod in pods for number in _named(pod, target)), port["port"])
    return {"name": port.get("name", ""), "port": target, "protocol": port["protocol"]}


def _named(pod: Object, name: str) -> Iterator[int]:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            if port.get("name") == name:
                yield port["containerPort"]
