"""Garbage collection: delete objects that have lost all their owners.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.deletes import (
    BACKGROUND,
    FOREGROUND,
    FOREGROUND_FINALIZER,
    Options,
    without_owner,
)
from deployments.sandbox.kubernetes.objects import clone, is_terminating, uid_of
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.storage import DELETED, Event, Key


class Garbage:
    """Controls objects that have owners, and owners whose deletion waits for their dependents."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the objects to check after a write.

        These are the dependents and waiting owners of a deleted object. Otherwise it is the object itself, if it
        waits for dependents or has owners, which may never have existed.
        """
        metadata = event.object["metadata"]
        if event.type == DELETED:
            yield from self._world.owners.dependents(metadata["uid"])
            yield from self._waiting_owners(event.object)
        elif metadata.get("ownerReferences") or FOREGROUND_FINALIZER in (metadata.get("finalizers") or ()):
            yield event.key

    def _waiting_owners(self, item: Object) -> Iterator[Key]:
        for reference in item["metadata"].get("ownerReferences") or ():
            resource = self._world.catalogue.of_kind(reference["apiVersion"], reference["kind"])
            if resource is not None:
                namespace = item["metadata"].get("namespace", "") if resource.namespaced else ""
                yield Key(resource.group, resource.plural, namespace, reference["name"])

    def reconcile(self, key: Key) -> float | None:
        """Delete an object whose owners are all gone, or finish the deletion of an owner without dependents."""
        item = self._world.store.get(key)
        if item is None:
            return None
        if is_terminating(item):
            self._foreground(key, item)
            return None
        references = item["metadata"].get("ownerReferences") or ()
        lost = [reference for reference in references if not self._world.owners.exists(reference["uid"])]
        if lost and len(lost) == len(references):
            self._delete(key, item)
        elif lost:
            self._world.store.put(key, without_owner(item, lost[0]["uid"]))
        return None

    def _foreground(self, key: Key, item: Object) -> None:
        """Delete the dependents of an owner. Once all are gone, remove the owner."""
        finalizers = item["metadata"].get("finalizers") or []
        if FOREGROUND_FINALIZER not in finalizers:
            return
        left = [(place, self._world.store.get(place)) for place in self._world.owners.dependents(uid_of(item))]
        for place, dependent in left:
            if dependent is not None and not is_terminating(dependent):
                # Dependents use foreground deletion too, because they have to wait for their own dependents.
                self._delete(place, dependent, FOREGROUND)
        if self._world.owners.dependents(uid_of(item)):
            return
        rest = [name for name in finalizers if name != FOREGROUND_FINALIZER]
        if rest:
            changed = clone(item)
            changed["metadata"]["finalizers"] = rest
            self._world.store.put(key, changed)
        else:
            self._world.store.remove(key)

    def _delete(self, key: Key, item: Object, propagation: str = BACKGROUND) -> None:
        resource = self._world.catalogue.of_kind(item["apiVersion"], item["kind"])
        if resource is not None:
            self._world.deletes.delete(resource, key.namespace, key.name, Options(propagation), self._world.asking)
