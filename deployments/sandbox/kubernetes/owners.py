"""Index the objects of a store by owner: for every uid, the objects whose ownerReferences contain it."""

from __future__ import annotations

from collections import defaultdict

from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.storage import DELETED, Event, Key, Store


class Owners:
    """An index over one store. The store's events keep it up to date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dependents: dict[str, set[Key]] = defaultdict(set)
        self._uids: set[str] = set()
        for key, item in store.everything():
            self._add(key, item)
        store.listen(self._hear)

    def dependents(self, uid: str) -> list[Key]:
        """Return the sorted keys of all objects that name `uid` as an owner."""
        return sorted(self._dependents.get(uid, ()))

    def exists(self, uid: str) -> bool:
        """Tell whether any object has this uid."""
        return uid in self._uids

    def owned(self, owner: Object, plural: str) -> list[Object]:
        """Return the objects of one kind that name `owner` as an owner, oldest first."""
        keys = [key for key in self.dependents(owner["metadata"]["uid"]) if key.plural == plural]
        found = [item for item in map(self._store.get, keys) if item is not None]
        return sorted(found, key=lambda item: str(item["metadata"]["creationTimestamp"]))

    def _hear(self, event: Event) -> None:
        if event.previous is not None:
            for uid in _owner_uids(event.previous):
                self._dependents[uid].discard(event.key)
        if event.type == DELETED:
            self._uids.discard(event.object["metadata"]["uid"])
        else:
            self._add(event.key, event.object)

    def _add(self, key: Key, item: Object) -> None:
        self._uids.add(item["metadata"]["uid"])
        for uid in _owner_uids(item):
            self._dependents[uid].add(key)


def _owner_uids(item: Object) -> list[str]:
    return [reference["uid"] for reference in item["metadata"].get("ownerReferences") or ()]
