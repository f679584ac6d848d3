"""The columns of `kubectl get pods`, as k8s.io/kubernetes `printPod` computes them."""

from __future__ import annotations

from deployments.sandbox.kubernetes.objects import at, is_terminating
from deployments.sandbox.kubernetes.resources import Object


def pod_ready(pod: Object) -> str:
    """Return ready containers and all containers, as "1/2"."""
    states = at(pod, "status.containerStatuses", [])
    return f"{sum(state['ready'] for state in states)}/{len(pod['spec']['containers'])}"


def pod_restarts(pod: Object) -> str:
    """Return how often the pod's containers were restarted."""
    return str(sum(state["restartCount"] for state in at(pod, "status.containerStatuses", [])))


def pod_status(pod: Object) -> str:
    """Return the most relevant status: terminating, initializing, a container's problem, or the phase."""
    if is_terminating(pod):
        return "Terminating"
    return _initializing(pod) or _troubled(pod) or str(at(pod, "status.phase", "Unknown"))


def _initializing(pod: Object) -> str:
    states = at(pod, "status.initContainerStatuses", [])
    for index, state in enumerate(states):
        ended = at(state, "state.terminated")
        if ended and ended["exitCode"] == 0:
            continue
        reason = at(state, "state.waiting.reason") or (ended or {}).get("reason")
        if reason and reason != "PodInitializing":
            return f"Init:{reason}"
        return f"Init:{index}/{len(states)}"
    return ""


def _troubled(pod: Object) -> str:
    for state in reversed(at(pod, "status.containerStatuses", [])):
        reason = at(state, "state.waiting.reason") or at(state, "state.terminated.reason")
        if reason:
            return str(reason)
    return ""
