"""ResourceQuotas: compute current use. `admission/quotas.py` rejects objects that exceed a quota."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.admission.quotas import used
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import name_of
from deployments.sandbox.kubernetes.resources import built_in
from deployments.sandbox.kubernetes.storage import DELETED, Event, Key, key


class Quotas:
    """Controls quotas."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the quotas in the namespace of a created or deleted object, or of a changed pod or quota.

        Changes of pods matter because a finished pod counts as deleted.
        """
        if not event.key.namespace or event.key.plural == "events":
            return
        if (
            event.type != DELETED
            and event.previous is not None
            and event.key.plural not in ("pods", "resourcequotas")
        ):
            return
        for item in self._world.all("ResourceQuota", event.key.namespace):
            yield key(built_in("ResourceQuota"), event.key.namespace, name_of(item))

    def reconcile(self, key: Key) -> float | None:
        """Compute the use and set the status."""
        item = self._world.store.get(key)
        if item is not None:
            hard = item["spec"].get("hard") or {}
            self._world.set_status(item, {"hard": hard, "used": used(self._world.store, item)})
        return None
