"""PodDisruptionBudgets: compute how many pods may be evicted now, and reject evictions that exceed it."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest
from deployments.sandbox.kubernetes.controllers.templates import condition, is_active, is_ready, share
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, is_terminating, labels_of, name_of, namespace_of, timestamp
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.selectors import label_selector
from deployments.sandbox.kubernetes.status import ApiError
from deployments.sandbox.kubernetes.storage import Event, Key, key

_KIND = "PodDisruptionBudget"


class Budgets:
    """Controls disruption budgets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's budget, or the budgets whose selector matches its pod."""
        yield from interest.itself(event, _KIND)
        if interest.of_kind(event, "Pod"):
            for item in self._covering(event.object):
                yield key(built_in(_KIND), event.key.namespace, name_of(item))

    def reconcile(self, key: Key) -> float | None:
        """Count pods and set the status."""
        item = self._world.store.get(key)
        if item is not None and not is_terminating(item):
            self._world.set_status(item, self._status(item))
        return None

    def require_evictable(self, pod: Object) -> None:
        """Check that no budget forbids the eviction of `pod`.

        Raises:
            ApiError: 429 if a budget allows no disruption.
        """
        for item in self._covering(pod):
            if is_ready(pod) and at(item, "status.disruptionsAllowed", 0) < 1:
                why = "Cannot evict pod as it would violate the pod's disruption budget."
                cause = (
                    f"The disruption budget {name_of(item)} needs {at(item, 'status.desiredHealthy', 0)} healthy pods"
                )
                causes = [{"reason": "DisruptionBudget", "message": cause}]
                raise ApiError(429, "TooManyRequests", why, {"causes": causes})

    def _covering(self, pod: Object) -> list[Object]:
        budgets = self._world.all(_KIND, namespace_of(pod))
        return [item for item in budgets if label_selector(at(item, "spec.selector"))(labels_of(pod))]

    def _status(self, item: Object) -> Object:
        covered = label_selector(at(item, "spec.selector"))
        pods = [p for p in self._world.all("Pod", namespace_of(item)) if covered(labels_of(p)) and is_active(p)]
        healthy, expected = sum(is_ready(pod) for pod in pods), len(pods)
        wanted = _wanted(item["spec"], expected)
        allowed = max(healthy - wanted, 0) if expected else 0
        reason = "SufficientPods" if allowed else "InsufficientPods"
        had = at(item, "status.conditions", [])
        told = condition(had, "DisruptionAllowed", "True" if allowed else "False", reason, "", timestamp())
        told.pop("lastUpdateTime")
        return {
            "currentHealthy": healthy,
            "desiredHealthy": wanted,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": item["metadata"]["generation"],
            "conditions": [told | {"observedGeneration": item["metadata"]["generation"]}],
        }


def _wanted(spec: Object, expected: int) -> int:
    if "maxUnavailable" in spec:
        return max(expected - share(spec["maxUnavailable"], expected, up=True), 0)
    return share(spec.get("minAvailable", 1), expected, up=True)
