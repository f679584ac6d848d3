"""Compute a deployment's rollout and its status. The module has no side effects."""

from __future__ import annotations

from deployments.sandbox.kubernetes.controllers.templates import condition, share
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, name_of, seconds_of, timestamp
from deployments.sandbox.kubernetes.resources import Object


def surge(item: Object) -> int:
    """Return how many pods may exist above the wanted number during a rollout."""
    if item["spec"]["strategy"]["type"] == "Recreate":
        return 0
    return share(item["spec"]["strategy"]["rollingUpdate"]["maxSurge"], item["spec"]["replicas"], up=True)


def unavailable(item: Object) -> int:
    """Return how many of the wanted pods may be unavailable during a rollout."""
    if item["spec"]["strategy"]["type"] == "Recreate":
        return 0
    replicas = int(item["spec"]["replicas"])
    down = share(item["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], replicas, up=False)
    # If both round to zero, one pod may be unavailable, as in deployment/util.ResolveFenceposts.
    return min(down or (0 if surge(item) else 1), replicas)


def next_step(item: Object, current: Object, old: list[Object], old_pods: int) -> dict[str, int]:
    """Return how many replicas each replica set should have next.

    Args:
        item: The deployment.
        current: The replica set of its current template.
        old: Its other replica sets.
        old_pods: How many pods these still have.

    Returns:
        Replicas by name of the replica set. Sets that are missing keep their size.
    """
    if item["spec"]["strategy"]["type"] == "Recreate":
        wanted = {name_of(rs): 0 for rs in old}
        return wanted if old_pods else wanted | {name_of(current): item["spec"]["replicas"]}
    grown = _grown(item, current, old)
    if grown != current["spec"]["replicas"]:
        return {name_of(current): grown}
    return _shrunk(item, current, old)


def _grown(item: Object, current: Object, old: list[Object]) -> int:
    wanted, has = item["spec"]["replicas"], current["spec"]["replicas"]
    if has >= wanted:
        return int(wanted)
    room = wanted + surge(item) - sum(rs["spec"]["replicas"] for rs in [current, *old])
    return int(has + max(min(room, wanted - has), 0))


def _shrunk(item: Object, current: Object, old: list[Object]) -> dict[str, int]:
    """Shrink old replica sets: first by their unavailable pods, then by what can be spared."""
    least = item["spec"]["replicas"] - unavailable(item)
    sets = [current, *old]
    not_yet = current["spec"]["replicas"] - at(current, "status.availableReplicas", 0)
    spare = sum(rs["spec"]["replicas"] for rs in sets) - least - not_yet
    sizes = {name_of(rs): rs["spec"]["replicas"] for rs in old}
    for rs in old:
        broken = min(rs["spec"]["replicas"] - at(rs, "status.availableReplicas", 0), max(spare, 0))
        sizes[name_of(rs)] -= max(broken, 0)
        spare -= max(broken, 0)
    spare = sum(at(rs, "status.availableReplicas", 0) for rs in sets) - least
    for rs in old:
        less = max(min(sizes[name_of(rs)], spare), 0)
        sizes[name_of(rs)] -= less
        spare -= less
    return sizes


def is_complete(item: Object, status: Object) -> bool:
    """Tell whether exactly the wanted pods exist, all of them available and of the current template."""
    wanted = item["spec"]["replicas"]
    counted = [status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    return counted == [wanted] * 3


def status(world: World, item: Object, sets: list[Object], current: Object | None) -> tuple[Object, float | None]:
    """Compute the deployment's status.

    Returns:
        The status, and the seconds until its progress deadline passes; `None` if it has none.
    """
    total, ready, available = (
        sum(at(rs, f"status.{name}", 0) for rs in sets) for name in ("replicas", "readyReplicas", "availableReplicas")
    )
    counts = {
        "replicas": total,
        "updatedReplicas": at(current, "status.replicas", 0) if current else 0,
        "readyReplicas": ready,
        "availableReplicas": available,
        "unavailableReplicas": max(item["spec"]["replicas"] - available, 0),
    }
    had = at(item, "status.conditions", [])
    told = {name: value for name, value in counts.items() if value} | {
        "observedGeneration": item["metadata"]["generation"]
    }
    progress, again = _progressing(world, item, told, current, had)
    failures = [c for rs in sets for c in at(rs, "status.conditions", []) if c["type"] == "ReplicaFailure"]
    failed = [condition(had, "ReplicaFailure", "True", c["reason"], c["message"], timestamp()) for c in failures[:1]]
    return told | {"conditions": [_available(item, available, had), *progress, *failed]}, again


def _available(item: Object, available: int, had: list[Object]) -> Object:
    if available >= item["spec"]["replicas"] - unavailable(item):
        message = "Deployment has minimum availability."
        return condition(had, "Available", "True", "MinimumReplicasAvailable", message, timestamp())
    message = "Deployment does not have minimum availability."
    return condition(had, "Available", "False", "MinimumReplicasUnavailable", message, timestamp())


def _progressing(
    world: World, item: Object, now: Object, current: Object | None, had: list[Object]
) -> tuple[list[Object], float | None]:
    before = next((c for c in had if c["type"] == "Progressing"), None)
    if item["spec"].get("paused"):
        message = "Deployment is paused"
        return [condition(had, "Progressing", "Unknown", "DeploymentPaused", message, timestamp())], None
    name = name_of(current) if current else ""
    if is_complete(item, now):
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return [condition(had, "Progressing", "True", "NewReplicaSetAvailable", message, timestamp())], None
    moved = _moved(at(item, "status", {}), now)
    of_this = before is not None and f'"{name}"' in before["message"]
    finished = of_this and before is not None and before["reason"] == "NewReplicaSetAvailable"
    if before is None or not of_this or (moved and not finished):
        message = f'ReplicaSet "{name}" is progressing.'
        fresh = condition([], "Progressing", "True", "ReplicaSetUpdated", message, timestamp())
        fresh["lastTransitionTime"] = (
            before["lastTransitionTime"] if before and before["status"] == "True" else timestamp()
        )
        return [fresh], float(item["spec"]["progressDeadlineSeconds"])
    left = seconds_of(before["lastUpdateTime"]) + item["spec"]["progressDeadlineSeconds"] - world.now()
    if finished or left > 0:
        return [before], None if finished else left + 0.05
    message = f'ReplicaSet "{name}" has timed out progressing.'
    return [condition(had, "Progressing", "False", "ProgressDeadlineExceeded", message, timestamp())], None


def _moved(before: Object, now: Object) -> bool:
    """Tell whether the rollout progressed: more updated, ready or available pods, or fewer old ones."""
    old = [at(s, "replicas", 0) - at(s, "updatedReplicas", 0) for s in (before, now)]
    more = any(now.get(n, 0) > before.get(n, 0) for n in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return more or old[1] < old[0]
