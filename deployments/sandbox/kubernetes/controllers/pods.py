"""The scheduler and the kubelet: assign nodes to pods, start their simulated containers, end them.

The image decides what a container does (`images.py`). Start times are only kept in memory. After a restart of the
sandbox, pods that were not ready yet start over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import containers, interest, nodes
from deployments.sandbox.kubernetes.controllers.containers import Told
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, is_terminating, timestamp, uid_of
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.storage import DELETED, Event, Key

_KUBELET, _SCHEDULER = "kubelet", "default-scheduler"
_LOOK_AGAIN = 1.0
"""Seconds between checks of a pod that waits for room or configuration."""


class Pods:
    """Controls pods."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since: dict[str, float] = {}
        self._told: dict[str, set[tuple[Told, int]]] = defaultdict(set)

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's pod. If it was deleted, forget its times and events."""
        if event.type == DELETED and interest.of_kind(event, "Pod"):
            self._since.pop(event.object["metadata"]["uid"], None)
            self._told.pop(event.object["metadata"]["uid"], None)
            return
        yield from interest.itself(event, "Pod")

    def reconcile(self, key: Key) -> float | None:
        """Take the next step for one pod: schedule, run or end it."""
        pod = self._world.store.get(key)
        if pod is None:
            return None
        if is_terminating(pod):
            return self._end(pod)
        if at(pod, "status.phase") in ("Succeeded", "Failed"):
            return None
        if not at(pod, "spec.nodeName"):
            return self._schedule(pod)
        return self._run(pod)

    def _schedule(self, pod: Object) -> float | None:
        node, reason = nodes.place(self._world, pod)
        if not node:
            self._refuse(pod, reason)
            return _LOOK_AGAIN
        self._world.change(pod, lambda p: p["spec"].update(nodeName=node), manager=_SCHEDULER)
        message = f"Successfully assigned {nodes.namespaced(pod)} to {node}"
        self._world.tell(pod, "Scheduled", message, source=_SCHEDULER)
        return None

    def _refuse(self, pod: Object, reason: str) -> None:
        had: Object = next((c for c in at(pod, "status.conditions", []) if c["type"] == "PodScheduled"), {})
        if had.get("message") == reason:
            return
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": reason}
        wanted = {**pod["status"], "conditions": [condition | {"lastTransitionTime": timestamp()}]}
        self._world.set_status(pod, wanted, _SCHEDULER)
        self._world.tell(pod, "FailedScheduling", reason, "Warning", _SCHEDULER)

    def _run(self, pod: Object) -> float | None:
        begun = self._since.setdefault(uid_of(pod), self._already(pod))
        age = self._world.now() - begun
        stage = containers.stage(self._world, pod, age)
        self._world.set_status(pod, stage.status, _KUBELET)
        restarts = sum(c["restartCount"] for c in stage.status["containerStatuses"])
        for told in stage.events:
            if (told, restarts) not in self._told[uid_of(pod)]:
                self._told[uid_of(pod)].add((told, restarts))
                self._world.tell(pod, told.reason, told.message, told.kind, _KUBELET)
        return stage.again

    def _already(self, pod: Object) -> float:
        """Return the pod's start time: now, or an hour ago if it was ready before the sandbox restarted."""
        conditions = at(pod, "status.conditions", [])
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
        return self._world.now() - (3600.0 if ready else 0.0)

    def _end(self, pod: Object) -> float | None:
        """Remove a terminating pod after half a pace, much less than its grace period."""
        begun = self._since.get(f"end {uid_of(pod)}")
        if begun is None:
            self._since[f"end {uid_of(pod)}"] = self._world.now()
            return self._world.pace / 2
        if pod["metadata"].get("finalizers"):
            return _LOOK_AGAIN
        self._since.pop(f"end {uid_of(pod)}", None)
        self._world.writes.remove(built_in("Pod"), pod)
        return None
