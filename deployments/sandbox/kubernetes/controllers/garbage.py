"""Garbage collection: what has lost all its owners goes too.

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
    """Looks after everything that has an owner, and after owners that wait for what they own."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """The dependents of what was deleted; an owner that waits; an object whose owner may never have existed."""
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
        """Delete one object whose owners are gone, or let one go whose dependents are."""
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
        """The owner goes when everything that blocks its deletion has gone."""
        finalizers = item["metadata"].get("finalizers") or []
        if FOREGROUND_FINALIZER not in finalizers:
            return
        left = [(place, self._world.store.get(place)) for place in self._world.owners.dependents(uid_of(item))]
        for place, dependent in left:
            if dependent is not None and not is_terminating(dependent):
                # What is waited for in turn waits for its own dependents.
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
