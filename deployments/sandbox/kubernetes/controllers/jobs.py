"""Jobs run pods to completion. CronJobs are stored and never fire.

https://kubernetes.io/docs/concepts/workloads/controllers/job/ - completion mode Indexed is not emulated.
"""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.controllers import interest, templates
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import (
    at,
    is_terminating,
    name_of,
    seconds_of,
    timestamp,
    uid_of,
)
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.storage import Event, Key

_SOURCE = "job-controller"
_LONGEST_WAIT = 10.0


class Jobs:
    """Controls jobs."""

    def __init__(self, world: World) -> None:
        self._world = world

    def affected(self, event: Event) -> Iterator[Key]:
        """Yield the event's job, or the job that owns the event's pod."""
        yield from interest.itself(event, "Job")
        yield from interest.owner(event, "Pod", "Job")

    def reconcile(self, key: Key) -> float | None:
        """Start missing pods, count finished ones, and finish the job.

        Returns:
            Seconds until the next step, or `None` if only a write can require one.
        """
        item = self._world.store.get(key)
        if item is None or is_terminating(item):
            return None
        if "selector" not in item["spec"]:
            item = self._label(item)
        pods = self._world.owned(item, "Pod")
        if _is_over(item):
            return self._clean_up(item)
        if item["spec"]["suspend"]:
            self._suspend(item, pods)
            return None
        return self._run(item, pods)

    def _label(self, item: Object) -> Object:
        """Set labels and selector so that the job's uid identifies its pods."""
        uid, name = uid_of(item), name_of(item)
        labels = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name}
        labels |= {"controller-uid": uid, "job-name": name}

        def label(job: Object) -> None:
            metadata = job["spec"]["template"].setdefault("metadata", {})
            metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
            job["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}

        return self._world.relabel(item, label)

    def _run(self, item: Object, pods: list[Object]) -> float | None:
        wanted = item["spec"].get("completions") or 1
        succeeded = [pod for pod in pods if at(pod, "status.phase") == "Succeeded"]
        failed = [pod for pod in pods if at(pod, "status.phase") == "Failed"]
        active = [pod for pod in pods if templates.is_active(pod)]
        tries = len(failed) + sum(_restarts(pod) for pod in active)
        if len(succeeded) >= wanted:
            message = "Reached expected number of succeeded pods"
            return self._finish(item, pods, ("SuccessCriteriaMet", "Complete"), "CompletionsReached", message)
        if tries > item["spec"]["backoffLimit"]:
            message = "Job has reached the specified backoff limit"
            return self._finish(item, pods, ("FailureTarget", "Failed"), "BackoffLimitExceeded", message)
        left = self._left(item)
        if left is not None and left <= 0:
            message = "Job was active longer than specified deadline"
            return self._finish(item, pods, ("FailureTarget", "Failed"), "DeadlineExceeded", message)
        wait = self._wait(failed)
        if wait <= 0:
            self._start(item, min(item["spec"]["parallelism"], wanted - len(succeeded)) - len(active))
        self._tell_status(item, at(item, "status.conditions", []))
        return min((seconds for seconds in (wait if wait > 0 else None, left) if seconds is not None), default=None)

    def _start(self, item: Object, count: int) -> None:
        for _ in range(count):
            made = self._world.create(templates.pod_for(item, item["spec"]["template"]))
            self._world.tell(item, "SuccessfulCreate", f"Created pod: {name_of(made)}", source=_SOURCE)

    def _wait(self, failed: list[Object]) -> float:
        """Return seconds until the next attempt. Pauses grow from the pace; a real controller's from ten seconds."""
        if not failed:
            return 0.0
        ends = [at(pod, "status.containerStatuses", [{}])[0] for pod in failed]
        times = [seconds_of(t) for t in (at(end, "state.terminated.finishedAt") for end in ends) if t]
        pause = min(self._world.pace * 2 ** len(failed), _LONGEST_WAIT)
        return max(times) + pause - self._world.now() if times else 0.0

    def _left(self, item: Object) -> float | None:
        deadline, start = item["spec"].get("activeDeadlineSeconds"), at(item, "status.startTime")
        if deadline is None or start is None:
            return None if deadline is None else float(deadline)
        return seconds_of(start) + float(deadline) - self._world.now()

    def _suspend(self, item: Object, pods: list[Object]) -> None:
        for pod in pods:
            if templates.is_active(pod):
                self._world.delete(pod)
        had = at(item, "status.conditions", [])
        self._tell_status(item, [_condition(had, "Suspended", "JobSuspended", "Job suspended")])

    def _finish(
        self, item: Object, pods: list[Object], names: tuple[str, str], reason: str, message: str
    ) -> float | None:
        for pod in pods:
            if templates.is_active(pod):
                self._world.delete(pod)
        had = at(item, "status.conditions", [])
        self._tell_status(item, [_condition(had, name, reason, message) for name in names])
        good = names[1] == "Complete"
        told = ("Completed", "Job completed", "Normal") if good else (reason, message, "Warning")
        self._world.tell(item, *told, source=_SOURCE)
        return 0.0

    def _tell_status(self, item: Object, conditions: list[Object]) -> None:
        pods = self._world.owned(item, "Pod")
        active = [pod for pod in pods if templates.is_active(pod)]
        counts = {
            "active": len(active),
            "ready": sum(templates.is_ready(pod) for pod in active),
            "succeeded": sum(at(pod, "status.phase") == "Succeeded" for pod in pods),
            "failed": sum(at(pod, "status.phase") == "Failed" for pod in pods),
            "terminating": sum(is_terminating(pod) for pod in pods),
        }
        status = {name: n for name, n in counts.items() if n or name in ("ready", "terminating")}
        status |= {"conditions": conditions} if conditions else {}
        status["startTime"] = at(item, "status.startTime") or timestamp()
        if any(condition["type"] == "Complete" for condition in conditions):
            status["completionTime"] = at(item, "status.completionTime") or timestamp()
        self._world.set_status(item, status)

    def _clean_up(self, item: Object) -> float | None:
        keep = item["spec"].get("ttlSecondsAfterFinished")
        if keep is None:
            return None
        ended = max(seconds_of(c["lastTransitionTime"]) for c in item["status"]["conditions"])
        left = ended + float(keep) - self._world.now()
        if left > 0:
            return left
        self._world.delete(item)
        return None


def _is_over(item: Object) -> bool:
    return any(
        c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in at(item, "status.conditions", [])
    )


def _restarts(pod: Object) -> int:
    return sum(state["restartCount"] for state in at(pod, "status.containerStatuses", []))


def _condition(had: list[Object], name: str, reason: str, message: str) -> Object:
    made = templates.condition(had, name, "True", reason, message, timestamp())
    made["lastProbeTime"] = made.pop("lastUpdateTime")
    return made
