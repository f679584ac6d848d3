"""ReplicaSets keep the wanted number of pods."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest, templates
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, is_terminating, labels_of, name_of, timestamp
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.selectors import label_selector
from deployments.sandbox.kubernetes.status import ApiError
from deployments.sandbox.kubernetes.storage import Event, Key

_SOURCE = "replicaset-controller"
_AGAIN = 2.0


class ReplicaSets:
    """Controls replica sets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's replica set, or the replica set that owns the event's pod."""
        yield from interest.itself(event, "ReplicaSet")
        yield from interest.owner(event, "Pod", "ReplicaSet")

    def reconcile(self, key: Key) -> float | None:
        """Create or delete pods and set the status. Return seconds until the next check, or `None`."""
        item = self._world.store.get(key)
        if item is None:
            return None
        pods = [pod for pod in self._world.owned(item, "Pod") if templates.is_active(pod)]
        refused = None if is_terminating(item) else self._scale(item, pods)
        pods = [pod for pod in self._world.owned(item, "Pod") if templates.is_active(pod)]
        status, waiting = self._status(item, pods, refused)
        self._world.set_status(item, status)
        return _AGAIN if refused else waiting

    def _scale(self, item: Object, pods: list[Object]) -> ApiError | None:
        wanted = item["spec"]["replicas"]
        for pod in sorted(pods, key=templates.worst_first)[: max(len(pods) - wanted, 0)]:
            self._world.delete(pod)
            self._world.tell(item, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}", source=_SOURCE)
        try:
            for _ in range(wanted - len(pods)):
                made = self._world.create(templates.pod_for(item, item["spec"]["template"]))
                self._world.tell(item, "SuccessfulCreate", f"Created pod: {name_of(made)}", source=_SOURCE)
        except ApiError as error:
            self._world.tell(item, "FailedCreate", f"Error creating: {error.message}", "Warning", _SOURCE)
            return error
        return None

    def _status(self, item: Object, pods: list[Object], refused: ApiError | None) -> tuple[Object, float | None]:
        least = item["spec"].get("minReadySeconds", 0)
        ready = [pod for pod in pods if templates.is_ready(pod)]
        since = [templates.ready_for(self._world, pod) for pod in ready]
        waiting = [least - seconds for seconds in since if seconds < least]
        labels = at(item, "spec.template.metadata.labels", {})
        fits = label_selector({"matchLabels": labels})
        status = {
            "replicas": len(pods),
            "fullyLabeledReplicas": sum(fits(labels_of(pod)) for pod in pods),
            "readyReplicas": len(ready),
            "availableReplicas": len(ready) - len(waiting),
            "observedGeneration": item["metadata"]["generation"],
        }
        if refused:
            status["conditions"] = [self._failure(item, refused)]
        # Go omits zeros.
        kept = {name: value for name, value in status.items() if value or name in ("replicas", "observedGeneration")}
        return kept, min(waiting) + 0.05 if waiting else None

    @staticmethod
    def _failure(item: Object, refused: ApiError) -> Object:
        """Return the condition for rejected pods. An existing condition stays while pods are rejected.

        Each message names another pod. If the status changed with each, the controller would never pause.
        """
        for condition in at(item, "status.conditions", []):
            if (condition["type"], condition["status"]) == ("ReplicaFailure", "True"):
                return dict(condition)
        failed = templates.condition([], "ReplicaFailure", "True", "FailedCreate", refused.message, timestamp())
        failed.pop("lastUpdateTime")
        return failed
