"""CustomResourceDefinitions are established at once. From then on, the API serves their resources.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/

Several versions are supported, but only without conversion: there are no conversion webhooks.
"""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest
from deployments.sandbox.kubernetes.controllers.templates import condition
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.deletes import Options
from deployments.sandbox.kubernetes.objects import at, is_terminating, name_of, timestamp
from deployments.sandbox.kubernetes.resources import Object, Resource, Scale
from deployments.sandbox.kubernetes.storage import DELETED, Event, Key

_KIND = "CustomResourceDefinition"


class Definitions:
    """Controls custom resource definitions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's definition. If it was deleted, remove its objects and stop serving it."""
        yield from interest.itself(event, _KIND)
        if event.type == DELETED and interest.of_kind(event, _KIND):
            self._remove(event.object)

    def reconcile(self, key: Key) -> float | None:
        """Serve the definition's resources and set its status. If it is being deleted, delete its objects."""
        item = self._world.store.get(key)
        if item is None:
            return None
        if is_terminating(item):
            self._empty(item)
            return None
        self._world.catalogue.add(name_of(item), _resources(item))
        self._world.set_status(item, _status(item))
        return None

    def serve_all(self) -> None:
        """Serve the definitions that were established before a restart."""
        for item in self._world.all(_KIND):
            self._world.catalogue.add(name_of(item), _resources(item))

    def _remove(self, item: Object) -> None:
        """Delete a definition's objects and stop serving it."""
        self._empty(item)
        self._world.catalogue.remove(name_of(item))

    def _empty(self, item: Object) -> None:
        for resource in self._world.catalogue.custom(name_of(item))[:1]:
            for found in self._world.store.of_kind(resource):
                namespace, name = found["metadata"].get("namespace", ""), name_of(found)
                self._world.deletes.delete(resource, namespace, name, Options(), self._world.asking)


def _resources(item: Object) -> list[Resource]:
    spec = item["spec"]
    versions = [version for version in spec["versions"] if version.get("served")]
    return [_resource(spec, version) for version in sorted(versions, key=lambda v: not v.get("storage"))]


def _resource(spec: Object, version: Object) -> Resource:
    names, below = spec["names"], version.get("subresources") or {}
    return Resource(
        spec["group"],
        version["name"],
        names["plural"],
        names["kind"],
        spec["scope"] == "Namespaced",
        tuple(names.get("shortNames") or ()),
        tuple(names.get("categories") or ()),
        status="status" in below,
        scale=_scale(below["scale"]) if "scale" in below else None,
        schema=at(version, "schema.openAPIV3Schema", {}),
        columns=tuple(version.get("additionalPrinterColumns") or ()),
        singular=names.get("singular", ""),
        list_kind=names.get("listKind", ""),
    )


def _scale(declared: Object) -> Scale:
    paths = [declared.get(n, "").lstrip(".") for n in ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")]
    return Scale(*paths)


def _status(item: Object) -> Object:
    had, now = at(item, "status.conditions", []), timestamp()
    told = [
        condition(had, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now),
        condition(had, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now),
    ]
    for each in told:
        each.pop("lastUpdateTime")
    stored = [version["name"] for version in item["spec"]["versions"] if version.get("storage")]
    return {"conditions": told, "acceptedNames": item["spec"]["names"], "storedVersions": stored}
