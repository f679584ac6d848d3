"""HorizontalPodAutoscalers keep replicas within their bounds. There are no metrics, so load changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest
from deployments.sandbox.kubernetes.controllers.templates import condition
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, is_terminating, name_of, namespace_of, timestamp
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.storage import Event, Key, key

_TARGETS = ("Deployment", "StatefulSet", "ReplicaSet")
_SOURCE = "horizontal-pod-autoscaler"


class Autoscalers:
    """Controls autoscalers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's autoscaler, or the autoscalers of its object."""
        yield from interest.itself(event, "HorizontalPodAutoscaler")
        kind = event.object.get("kind")
        if kind in _TARGETS:
            for item in self._world.all("HorizontalPodAutoscaler", event.key.namespace):
                reference = item["spec"]["scaleTargetRef"]
                if (reference["kind"], reference["name"]) == (kind, event.key.name):
                    yield key(built_in("HorizontalPodAutoscaler"), event.key.namespace, name_of(item))

    def reconcile(self, key: Key) -> float | None:
        """Scale the target if it is out of bounds, and set the status."""
        item = self._world.store.get(key)
        if item is None or is_terminating(item):
            return None
        target = self._target(item)
        if target is None:
            self._tell_missing(item)
            return None
        has = target["spec"]["replicas"]
        wanted = min(max(has, item["spec"]["minReplicas"]), item["spec"]["maxReplicas"])
        # Zero replicas switch an autoscaler off.
        if has and wanted != has:
            self._world.change(target, lambda t: t["spec"].update(replicas=wanted), "scale", _SOURCE)
            bound = "above Spec.MaxReplicas" if wanted < has else "below Spec.MinReplicas"
            message = f"New size: {wanted}; reason: Current number of replicas {bound}"
            self._world.tell(item, "SuccessfulRescale", message, source=_SOURCE)
        self._tell_status(item, at(target, "status.replicas", 0), wanted if has else 0)
        return None

    def _target(self, item: Object) -> Object | None:
        reference = item["spec"]["scaleTargetRef"]
        known = reference["kind"] in _TARGETS
        return self._world.get(reference["kind"], namespace_of(item), reference["name"]) if known else None

    def _tell_missing(self, item: Object) -> None:
        reference = item["spec"]["scaleTargetRef"]
        what = f'{reference["kind"]} "{reference["name"]}" not found'
        message = f"the HPA controller was unable to get the target's current scale: {what}"
        found = _condition(item, "AbleToScale", "False", "FailedGetScale", message)
        self._world.set_status(item, {"currentReplicas": 0, "desiredReplicas": 0, "conditions": [found]})

    def _tell_status(self, item: Object, current: int, wanted: int) -> None:
        able = "the HPA controller was able to get the target's current scale"
        no_metrics = "the HPA was unable to compute the replica count: no metrics are emulated by the sandbox cluster"
        conditions = [
            _condition(item, "AbleToScale", "True", "SucceededGetScale", able),
            _condition(item, "ScalingActive", "False", "FailedGetResourceMetric", no_metrics),
        ]
        self._world.set_status(
            item, {"currentReplicas": current, "desiredReplicas": wanted, "conditions": conditions}
        )


def _condition(item: Object, name: str, value: str, reason: str, message: str) -> Object:
    made = condition(at(item, "status.conditions", []), name, value, reason, message, timestamp())
    made.pop("lastUpdateTime")
    return made
