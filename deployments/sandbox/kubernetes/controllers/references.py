"""References of a pod that must exist for it to start or to succeed: configuration, secrets, services."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers.images import called
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, namespace_of
from deployments.sandbox.kubernetes.resources import Object


def unmounted(world: World, pod: Object) -> str:
    """Return a kubelet's message for the first volume whose source is missing; empty if there is none."""
    return next(_unmounted(world, pod), "")


def misconfigured(world: World, pod: Object, container: Object) -> str:
    """Return a kubelet's message for the first variable whose source is missing; empty if there is none."""
    return next(_misconfigured(world, namespace_of(pod), container), "")


def _unmounted(world: World, pod: Object) -> Iterator[str]:
    for volume in pod["spec"].get("volumes") or ():
        for field, kind, named in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
            source = volume.get(field)
            if not source or source.get("optional"):
                continue
            if world.get(kind, namespace_of(pod), source.get(named, "")) is None:
                what = f'{kind.lower()} "{source.get(named)}" not found'
                yield f'MountVolume.SetUp failed for volume "{volume["name"]}" : {what}'


def _misconfigured(world: World, namespace: str, container: Object) -> Iterator[str]:
    for each in container.get("envFrom") or ():
        yield from _absent(world, namespace, each.get("configMapRef"), each.get("secretRef"))
    for each in container.get("env") or ():
        source = each.get("valueFrom") or {}
        yield from _absent(world, namespace, source.get("configMapKeyRef"), source.get("secretKeyRef"))


def _absent(world: World, namespace: str, config: Object | None, secret: Object | None) -> Iterator[str]:
    for kind, reference in (("ConfigMap", config), ("Secret", secret)):
        if not reference or reference.get("optional"):
            continue
        found = world.get(kind, namespace, reference.get("name", ""))
        if found is None:
            yield f'{kind.lower()} "{reference.get("name")}" not found'
        elif "key" in reference and reference["key"] not in {**found.get("data", {}), **found.get("binaryData", {})}:
            yield f"couldn't find key {reference['key']} in {kind} {namespace}/{reference['name']}"


def unreachable(world: World, pod: Object, container: Object) -> str:
    """Return the first service that a container calls in vain; empty if there is none.

    Such a service has no ready endpoints, or it does not declare the port. Unknown names are ignored.
    """
    for name, space, port in called(container):
        namespace = space or namespace_of(pod)
        service = world.get("Service", namespace, name)
        if service is None:
            continue
        endpoints = world.get("Endpoints", namespace, name) or {}
        ready = any(subset.get("addresses") for subset in endpoints.get("subsets") or ())
        declared = any(p["port"] == port for p in at(service, "spec.ports", []))
        if not ready or not declared:
            return f"{name}:{port}"
    return ""
