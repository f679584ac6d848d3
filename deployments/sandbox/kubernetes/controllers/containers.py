"""Compute a pod's status from its age: the state of each simulated container, and the events about it.

The cluster's pace is the unit of time. Containers run after one pace and are ready after two. A crashing container
runs for one pace, then waits two, four, eight ... paces, at most ten seconds. A real kubelet starts with ten seconds.
The status is a function of the pod's age and its previous status, and nothing else is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deployments.sandbox.kubernetes.controllers import programs, references
from deployments.sandbox.kubernetes.controllers.images import Behaviour, behaviour, serves
from deployments.sandbox.kubernetes.controllers.nodes import address_of
from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import at, namespace_of, timestamp
from deployments.sandbox.kubernetes.resources import Object

_LONGEST_WAIT = 10.0
_LOOK_AGAIN = 1.0


@dataclass(frozen=True)
class Told:
    """An event about a pod."""

    reason: str
    message: str
    kind: str = "Normal"


@dataclass(frozen=True)
class Stage:
    """The status of a pod. `again` is the number of seconds until it changes; `None` means that it does not."""

    status: Object
    events: tuple[Told, ...] = ()
    again: float | None = None


@dataclass(frozen=True)
class State:
    """The state of one container. `over` is `None` while it runs, then tells whether it succeeded."""

    state: Object
    ready: bool = False
    over: bool | None = None
    restarts: int = 0
    last: Object = field(default_factory=dict)
    events: tuple[Told, ...] = ()
    again: float | None = None


def stage(world: World, pod: Object, age: float) -> Stage:
    """Return the stage of a pod that is on a node.

    Args:
        world: The cluster.
        pod: The pod.
        age: Seconds since the pod was first seen on its node.
    """
    spec = pod["spec"]
    missing = references.unmounted(world, pod)
    first = [_state(world, pod, c, age, missing, once=True) for c in spec.get("initContainers") or ()]
    waiting = any(state.over is not True for state in first)
    once = spec["restartPolicy"] != "Always"
    states = [_held(c) if waiting else _state(world, pod, c, age, missing, once) for c in spec["containers"]]
    status = {
        **{name: value for name, value in pod["status"].items() if name in ("qosClass", "startTime")},
        "phase": _phase(pod, first, states),
        "hostIP": "10.0.0.11",
        "podIP": address_of(pod),
        "podIPs": [{"ip": address_of(pod)}],
        "containerStatuses": [_written(pod, c, s) for c, s in zip(spec["containers"], states, strict=True)],
    }
    status.setdefault("startTime", timestamp())
    if first:
        inits = zip(spec["initContainers"], first, strict=True)
        status["initContainerStatuses"] = [_written(pod, c, s, init=True) for c, s in inits]
    status["conditions"] = _conditions(pod, not waiting, states)
    again = [state.again for state in [*first, *states] if state.again is not None]
    events = tuple(told for state in [*first, *states] for told in state.events)
    return Stage(status, events, min(again) if again else None)


def _held(_: Object) -> State:
    return State({"waiting": {"reason": "PodInitializing"}})


def _state(world: World, pod: Object, container: Object, age: float, missing: str, once: bool) -> State:
    pace, kind = world.pace, behaviour(container)
    image = container["image"]
    if missing:
        return _unmounted(missing)
    if age < pace:
        reason = "PodInitializing" if at(pod, "spec.initContainers") else "ContainerCreating"
        return State({"waiting": {"reason": reason}}, events=(_pulling(image, container),), again=pace - age)
    if kind is Behaviour.PULL:
        return _unpullable(image, age, pace)
    absent = references.misconfigured(world, pod, container)
    if absent:
        return _misconfigured(absent)
    if kind is Behaviour.CRASH:
        return _crashing(pod, container, age - pace, pace, once)
    if once and age >= 2 * pace:
        return _ended(world, pod, container)
    ready = not once and serves(container) and age >= 2 * pace
    return _running(container, kind, ready, None if ready else max(2 * pace - age, 0.0))


def _pulling(image: str, container: Object) -> Told:
    if container.get("imagePullPolicy") == "Never":
        return Told("Pulled", f'Container image "{image}" already present on machine')
    return Told("Pulling", f'Pulling image "{image}"')


def _unmounted(missing: str) -> State:
    told = Told("FailedMount", missing, "Warning")
    return State({"waiting": {"reason": "ContainerCreating"}}, events=(told,), again=_LOOK_AGAIN)


def _misconfigured(absent: str) -> State:
    told = Told("Failed", f"Error: {absent}", "Warning")
    waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": absent}}
    return State(waiting, events=(told,), again=_LOOK_AGAIN)


def _unpullable(image: str, age: float, pace: float) -> State:
    why = (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
        " (simulated: the tag begins with broken-pull)"
    )
    events = (
        Told("Failed", f'Failed to pull image "{image}": {why}', "Warning"),
        Told("Failed", "Error: ErrImagePull", "Warning"),
    )
    if age < 2 * pace:
        return State({"waiting": {"reason": "ErrImagePull", "message": why}}, events=events, again=2 * pace - age)
    message = f'Back-off pulling image "{image}"'
    told = (Told("BackOff", message), Told("Failed", "Error: ImagePullBackOff", "Warning"))
    return State(
        {"waiting": {"reason": "ImagePullBackOff", "message": f"{message}: ErrImagePull: {why}"}}, events=told
    )


def _crashing(pod: Object, container: Object, age: float, pace: float, once: bool) -> State:
    """Return the state of a container that runs for one pace, crashes and waits. `age` starts at its first start."""
    over = {"exitCode": 1, "reason": "Error", "startedAt": timestamp(), "finishedAt": timestamp()}
    if once and at(pod, "spec.restartPolicy") == "Never":
        return (
            State({"terminated": over}, over=False)
            if age >= pace
            else _running(container, Behaviour.CRASH, False, pace)
        )
    restarts, wait = 0, 2 * pace
    while age >= pace + wait:
        age, restarts, wait = age - pace - wait, restarts + 1, min(wait * 2, _LONGEST_WAIT)
    last = {"terminated": _same_time(pod, container["name"], restarts, over)}
    if age < pace:
        running = _running(container, Behaviour.CRASH, False, pace - age)
        return State(
            running.state, restarts=restarts, last=last if restarts else {}, events=running.events, again=pace - age
        )
    seconds = min(10 * 2**restarts, 300)
    where = f"{container['name']} pod={pod['metadata']['name']}_{namespace_of(pod)}({pod['metadata']['uid']})"
    message = f"back-off {seconds}s restarting failed container={where}"
    told = Told("BackOff", f"Back-off restarting failed container {where}", "Warning")
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    return State(waiting, restarts=restarts, last=last, events=(told,), again=pace + wait - age)


def _same_time(pod: Object, name: str, restarts: int, over: Object) -> Object:
    """Return the last termination. Its times stay the same until the container restarts."""
    for status in at(pod, "status.containerStatuses", []):
        had = at(status, "lastState.terminated")
        if status["name"] == name and had and status["restartCount"] == restarts:
            return dict(had)
    return over


def _running(container: Object, kind: Behaviour, ready: bool, again: float | None) -> State:
    image, name = container["image"], container["name"]
    events = [
        Told("Pulled", f'Successfully pulled image "{image}"'),
        Told("Created", f"Created container: {name}"),
        Told("Started", f"Started container {name}"),
    ]
    if kind is Behaviour.READY:
        events.append(Told("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "Warning"))
        again = None
    return State({"running": {}}, ready=ready, events=tuple(events), again=again)


def _ended(world: World, pod: Object, container: Object) -> State:
    """Return the final state of a container that runs once. It fails if a service that it called is not ready."""
    had = _terminated(pod, container)
    if had is not None:
        return State({"terminated": had}, over=had["exitCode"] == 0)
    unreachable = references.unreachable(world, pod, container)
    why = f"cannot connect to {unreachable}: no ready endpoints" if unreachable else ""
    why = why or programs.run(world, pod, container)
    code, reason = (1, "Error") if why else (0, "Completed")
    over = {"exitCode": code, "reason": reason, "finishedAt": timestamp(), "startedAt": timestamp()}
    return State({"terminated": over | ({"message": why} if why else {})}, over=not why)


def _terminated(pod: Object, container: Object) -> Object | None:
    """Return the container's previous termination, or `None` if it has not terminated."""
    states = [*at(pod, "status.initContainerStatuses", []), *at(pod, "status.containerStatuses", [])]
    found: Object = next((each for each in states if each["name"] == container["name"]), {})
    terminated: Object | None = at(found, "state.terminated")
    return terminated


def _phase(pod: Object, first: list[State], states: list[State]) -> str:
    if any(state.over is False for state in [*first, *states]):
        return "Failed"
    if states and all(state.over for state in states):
        return "Succeeded"
    begun = any("running" in s.state or s.restarts or s.last for s in states)
    return "Running" if begun or (at(pod, "status.phase") == "Running") else "Pending"


def _written(pod: Object, container: Object, state: State, init: bool = False) -> Object:
    now = dict(state.state)
    had = {s["name"]: s for s in at(pod, "status.containerStatuses", [])}.get(container["name"], {})
    if "running" in now:
        same = "running" in had.get("state", {}) and had.get("restartCount") == state.restarts
        now = {"running": had["state"]["running"] if same else {"startedAt": timestamp()}}
    if "terminated" in now and "terminated" in had.get("state", {}):
        now = had["state"]
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"simulated://{container['image']}" if "waiting" not in now else "",
        "containerID": f"simulated://{pod['metadata']['uid']}/{container['name']}" if "waiting" not in now else "",
        "ready": state.ready or (init and bool(state.over)),
        "started": "running" in now,
        "restartCount": state.restarts,
        "state": now,
        "lastState": state.last,
    }


def _conditions(pod: Object, initialized: bool, states: list[State]) -> list[Object]:
    ready = all(state.ready for state in states)
    over = bool(states) and all(state.over for state in states)
    reason = "PodCompleted" if over else "ContainersNotReady"
    wanted = {
        "PodScheduled": (True, ""),
        "Initialized": (initialized, "" if initialized else "ContainersNotInitialized"),
        "ContainersReady": (ready, "" if ready else reason),
        "Ready": (ready, "" if ready else reason),
    }
    had = {c["type"]: c for c in at(pod, "status.conditions", [])}
    return [_condition(name, good, reason, had.get(name, {})) for name, (good, reason) in wanted.items()]


def _condition(name: str, good: bool, reason: str, had: Object) -> Object:
    value = "True" if good else "False"
    since = had["lastTransitionTime"] if had.get("status") == value else timestamp()
    more = {"reason": reason} if reason else {}
    return {"type": name, "status": value, "lastTransitionTime": since, **more}
