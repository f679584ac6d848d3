"""What a controller can read and do in its cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deployments.sandbox.kubernetes.asking import Asking, controller
from deployments.sandbox.kubernetes.deletes import Deletes, Options
from deployments.sandbox.kubernetes.objects import clone, name_of, namespace_of, new_uid, timestamp
from deployments.sandbox.kubernetes.owners import Owners
from deployments.sandbox.kubernetes.resources import Catalogue, Object, built_in
from deployments.sandbox.kubernetes.status import ApiError
from deployments.sandbox.kubernetes.storage import Store, key
from deployments.sandbox.kubernetes.writes import Writes

_KEPT_EVENTS = 1000


@dataclass
class World:
    """The cluster as controllers see it.

    `pace` is the number of seconds that a container takes to start, and again to become ready.
    """

    name: str
    store: Store
    catalogue: Catalogue
    writes: Writes
    deletes: Deletes
    owners: Owners
    pace: float
    asking: Asking = field(default_factory=controller)

    def now(self) -> float:
        """Return the current time in seconds since the epoch."""
        return time.time()

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """Return an object of a built-in kind, or `None`."""
        return self.store.get(key(built_in(kind), namespace, name))

    def all(self, kind: str, namespace: str = "") -> list[Object]:
        """Return all objects of a built-in kind, in one namespace or in all."""
        return self.store.of_kind(built_in(kind), namespace)

    def owned(self, owner: Object, kind: str) -> list[Object]:
        """Return the objects of one kind that `owner` owns, oldest first."""
        return self.owners.owned(owner, built_in(kind).plural)

    def create(self, item: Object, manager: str = "") -> Object:
        """Create an object of a built-in kind."""
        resource = built_in(item["kind"])
        return self.writes.create(resource, namespace_of(item), item, self._as(manager))

    def change(self, item: Object, change: Callable[[Object], None], part: str = "", manager: str = "") -> Object:
        """Change an object of a built-in kind, and return it.

        Args:
            item: The object to change; its name identifies it.
            change: Changes the current object, in place.
            part: The subresource; empty for the object itself.
            manager: The component that makes the change; the default is the controller manager.

        Raises:
            ApiError: 404 if the object no longer exists.
        """
        resource = built_in(item["kind"])

        def changed(current: Object) -> Object:
            change(current)
            return current

        return self.writes.update(resource, namespace_of(item), name_of(item), changed, self._as(manager), part)

    def relabel(self, item: Object, change: Callable[[Object], None]) -> Object:
        """Change immutable fields, as admission does on a real cluster before an object is stored."""
        changed: Object = clone(item)
        change(changed)
        return self.store.put(key(built_in(item["kind"]), namespace_of(item), name_of(item)), changed)

    def set_status(self, item: Object, wanted: Object, manager: str = "") -> None:
        """Set an object's status, if it differs."""
        if item.get("status") != wanted:
            self.change(item, lambda current: current.update(status=clone(wanted)), "status", manager)

    def delete(self, item: Object, grace: int | None = None) -> None:
        """Delete an object of a built-in kind. Garbage collection deletes its dependents."""
        resource = built_in(item["kind"])
        self.deletes.delete(resource, namespace_of(item), name_of(item), Options(grace=grace), self.asking)

    def tell(self, about: Object, reason: str, message: str, kind: str = "Normal", source: str = "") -> None:
        """Record an event. A repeated event increases the count.

        Args:
            about: The object of the event.
            reason: The reason, in one word.
            message: The message.
            kind: "Normal" or "Warning".
            source: The component; the default is the controller manager.
        """
        namespace, now = namespace_of(about) or "default", timestamp()
        same = self._same_event(about, namespace, reason, message)
        if same is not None:
            counted = {"count": same.get("count", 1) + 1, "lastTimestamp": now}
            self.store.put(key(built_in("Event"), namespace, name_of(same)), clone(same) | counted)
            return
        item = _event(about, namespace, reason, message, kind, source or self.asking.manager)
        try:
            self.writes.create(built_in("Event"), namespace, item, self.asking)
        except ApiError as error:
            if error.code not in (403, 404):
                # A namespace that is being deleted accepts no events.
                raise
        self._forget_old_events(namespace)

    def _same_event(self, about: Object, namespace: str, reason: str, message: str) -> Object | None:
        uid = about["metadata"].get("uid")
        for event in self.all("Event", namespace):
            involved = event["involvedObject"]
            if involved.get("uid") == uid and (event["reason"], event["message"]) == (reason, message):
                return event
        return None

    def _forget_old_events(self, namespace: str) -> None:
        events = self.all("Event", namespace)
        if len(events) > _KEPT_EVENTS:
            oldest = min(events, key=lambda event: str(event.get("lastTimestamp")))
            self.writes.remove(built_in("Event"), oldest)

    def _as(self, manager: str) -> Asking:
        return controller(manager) if manager else self.asking


def _event(about: Object, namespace: str, reason: str, message: str, kind: str, source: str) -> Object:
    now, metadata = timestamp(), about["metadata"]
    involved = {
        "apiVersion": about["apiVersion"],
        "kind": about["kind"],
        "name": metadata["name"],
        "uid": metadata.get("uid", ""),
        "resourceVersion": metadata.get("resourceVersion", ""),
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{new_uid().replace('-', '')[:16]}", "namespace": namespace},
        "involvedObject": involved | ({"namespace": metadata["namespace"]} if metadata.get("namespace") else {}),
        "reason": reason,
        "message": message,
        "type": kind,
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": source},
        "reportingComponent": source,
    }
