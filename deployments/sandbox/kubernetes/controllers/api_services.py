"""APIServices become available once their service has ready endpoints. Their own APIs are not served."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest
from deployments.sandbox.kubernetes.controllers.templates import condition
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, is_terminating, name_of, timestamp
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.storage import Event, Key, key

_KIND = "APIService"


class ApiServices:
    """Controls API services."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's API service, or every one whose service or endpoints were written."""
        yield from interest.itself(event, _KIND)
        if interest.of_kind(event, "Service") or interest.of_kind(event, "Endpoints"):
            for item in self._world.all(_KIND):
                service = at(item, "spec.service", {})
                if (service.get("namespace"), service.get("name")) == (event.key.namespace, event.key.name):
                    yield key(built_in(_KIND), "", name_of(item))

    def reconcile(self, key: Key) -> float | None:
        """Set the condition Available."""
        item = self._world.store.get(key)
        if item is None or is_terminating(item):
            return None
        good, reason, message = self._found(item)
        had = at(item, "status.conditions", [])
        told = condition(had, "Available", str(good), reason, message, timestamp())
        told.pop("lastUpdateTime")
        self._world.set_status(item, {"conditions": [told]})
        return None

    def _found(self, item: Object) -> tuple[bool, str, str]:
        service = at(item, "spec.service")
        if not service:
            return True, "Local", "Local APIServices are always available"
        namespace, name = service["namespace"], service["name"]
        if self._world.get("Service", namespace, name) is None:
            return False, "ServiceNotFound", f'service/{name} in "{namespace}" is not present'
        endpoints = self._world.get("Endpoints", namespace, name) or {}
        if not any(subset.get("addresses") for subset in endpoints.get("subsets") or ()):
            return False, "MissingEndpoints", f'endpoints for service/{name} in "{namespace}" have no addresses'
        return True, "Passed", "all checks passed"
