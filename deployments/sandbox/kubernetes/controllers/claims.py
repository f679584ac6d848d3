"""PersistentVolumeClaims are bound at once, to a simulated volume."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, is_terminating, uid_of
from deployments.sandbox.kubernetes.storage import Event, Key


class Claims:
    """Controls claims."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's claim."""
        yield from interest.itself(event, "PersistentVolumeClaim")

    def reconcile(self, key: Key) -> float | None:
        """Bind the claim."""
        item = self._world.store.get(key)
        if item is None or is_terminating(item):
            return None
        if not at(item, "spec.volumeName"):
            volume = f"pvc-{uid_of(item)}"
            item = self._world.change(item, lambda claim: claim["spec"].update(volumeName=volume))
        size = at(item, "spec.resources.requests.storage", "0")
        bound = {"phase": "Bound", "accessModes": item["spec"].get("accessModes", []), "capacity": {"storage": size}}
        self._world.set_status(item, bound)
        return None
