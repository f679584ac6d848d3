"""Ingresses get the address of a simulated load balancer."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import is_terminating
from deployments.sandbox.kubernetes.storage import Event, Key


class Ingresses:
    """Controls ingresses."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's ingress."""
        yield from interest.itself(event, "Ingress")

    def reconcile(self, key: Key) -> float | None:
        """Assign an address."""
        item = self._world.store.get(key)
        if item is not None and not is_terminating(item):
            host = f"ingress.{self._world.name}.sandbox.internal"
            self._world.set_status(item, {"loadBalancer": {"ingress": [{"hostname": host}]}})
        return None
