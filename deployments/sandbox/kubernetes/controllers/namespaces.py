"""Namespaces: create the objects that each one has, and empty those that are being deleted."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.deletes import Options
from deployments.sandbox.kubernetes.objects import at, is_terminating, name_of
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.storage import DELETED, Event, Key, key

_ROOT = "kube-root-ca.crt"


class Namespaces:
    """Controls namespaces."""

    def __init__(self, world: World, authority: str) -> None:
        self._world = world
        self._authority = authority

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's namespace, or the namespace of a deleted object."""
        if event.type != DELETED:
            yield from interest.itself(event, "Namespace")
        elif event.key.namespace:
            yield key(built_in("Namespace"), "", event.key.namespace)

    def reconcile(self, key: Key) -> float | None:
        """Complete a namespace, or empty it if it is being deleted."""
        item = self._world.store.get(key)
        if item is None:
            return None
        if is_terminating(item):
            return self._empty(item)
        self._complete(name_of(item))
        return None

    def _complete(self, name: str) -> None:
        if self._world.get("ServiceAccount", name, "default") is None:
            metadata = {"name": "default", "namespace": name}
            self._world.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        if self._world.get("ConfigMap", name, _ROOT) is None:
            metadata = {"name": _ROOT, "namespace": name}
            data = {"ca.crt": self._authority}
            self._world.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})

    def _empty(self, item: Object) -> float | None:
        """Delete everything in the namespace. Once it is empty and has no finalizers, remove it."""
        content = [(k, found) for k, found in self._world.store.everything() if k.namespace == name_of(item)]
        if not content and not item["metadata"].get("finalizers"):
            self._world.writes.remove(built_in("Namespace"), item)
            return None
        for place, found in content:
            if not is_terminating(found):
                self._delete(place, found)
        return self._world.pace

    def _delete(self, place: Key, found: Object) -> None:
        api_version, kind = at(found, "apiVersion", ""), at(found, "kind", "")
        resource = self._world.catalogue.of_kind(api_version, kind)
        if resource is not None and self._world.store.get(place) is not None:
            asking = self._world.asking
            self._world.deletes.delete(resource, place.namespace, place.name, Options(), asking)
