"""PersistentVolumeClaims are bound to a simulated volume: at once, or once a pod uses them if their class says so."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, is_terminating, name_of, namespace_of, uid_of
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.storage import Event, Key, key

_SOURCE = "persistentvolume-controller"
_KIND = "PersistentVolumeClaim"


class Claims:
    """Controls claims."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's claim, or the claims that the event's pod uses."""
        yield from interest.itself(event, _KIND)
        if interest.of_kind(event, "Pod"):
            yield from (key(built_in(_KIND), event.key.namespace, name) for name in _used(event.object))

    def reconcile(self, key: Key) -> float | None:
        """Bind the claim, unless it waits for its first consumer."""
        item = self._world.store.get(key)
        if item is None or is_terminating(item):
            return None
        if not at(item, "spec.volumeName"):
            if self._waits(item):
                self._world.set_status(item, {"phase": "Pending"})
                message = "waiting for first consumer to be created before binding"
                self._world.tell(item, "WaitForFirstConsumer", message, source=_SOURCE)
                return None
            volume = f"pvc-{uid_of(item)}"
            item = self._world.change(item, lambda claim: claim["spec"].update(volumeName=volume))
        size = at(item, "spec.resources.requests.storage", "0")
        bound = {"phase": "Bound", "accessModes": item["spec"].get("accessModes", []), "capacity": {"storage": size}}
        self._world.set_status(item, bound)
        return None

    def _waits(self, item: Object) -> bool:
        """Tell whether the claim's class waits for a pod, and no pod uses the claim."""
        chosen = self._world.store.get(key(built_in("StorageClass"), "", at(item, "spec.storageClassName", "")))
        if chosen is None or chosen.get("volumeBindingMode") != "WaitForFirstConsumer":
            return False
        return all(name_of(item) not in _used(pod) for pod in self._world.all("Pod", namespace_of(item)))


def _used(pod: Object) -> set[str]:
    """Return the names of the claims that a pod uses."""
    volumes = at(pod, "spec.volumes", None) or []
    return {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume}
