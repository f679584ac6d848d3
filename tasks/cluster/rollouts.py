"""Explains why a workload is not ready: from its pods, their events and the last lines of their logs.

A tool that waits only reports that it timed out. The causes are with the pods: an image that cannot be pulled, a
program that crashes, a node without room. Causes that cannot be read are left out, because the failure is certain
without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tasks.cluster import evidence
from tasks.cluster.access import Cluster
from tasks.cluster.health import BY_STATUS, Health
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.readiness import Readiness, readiness
from tasks.domain.errors import FlowmartError

_PODS = 2
"""How many pods are described. The others mostly have the same problem."""
_LINES = 3
_EVENTS = 2
_HARMLESS = frozenset({"", "ContainerCreating", "PodInitializing"})
_WITH_PODS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"})


def unready(cluster: Cluster, references: Iterable[Reference], health: Health = BY_STATUS) -> list[str]:
    """Describe each object that is not ready, with the reasons from its pods; empty if all are ready.

    Args:
        cluster: the cluster, as the identity that reads.
        references: the objects.
        health: the rules of readiness.
    """
    found = ((about, cluster.read(about)) for about in references)
    states = ((about, live, evidence.judged(cluster, about, live, health)) for about, live in found)
    return [f"{about}: {explained(cluster, about, live, state)}" for about, live, state in states if not state.ready]


def reasons(cluster: Cluster, about: Reference, live: Manifest | None) -> str:
    """Explain why one object, live or missing (None), is not ready."""
    return explained(cluster, about, live, evidence.judged(cluster, about, live, BY_STATUS))


def explained(cluster: Cluster, about: Reference, live: Manifest | None, state: Readiness) -> str:
    """Explain why one object is not ready.

    Args:
        cluster: the cluster, as the identity that reads.
        about: the object.
        live: the live object; None if it does not exist.
        state: how it was judged.
    """
    own = state.why
    if live is None or about.kind not in (*_WITH_PODS, "Pod"):
        return own
    try:
        if about.kind == "Pod":
            return _told(cluster, about.namespace, live)
        return "; ".join([own, *_of_its_pods(cluster, about.namespace, live)])
    except FlowmartError as error:
        return f"{own} (its pods did not respond: {error})"


def _of_its_pods(cluster: Cluster, namespace: str, live: Manifest) -> Iterator[str]:
    labels = (live["spec"].get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    pods = cluster.listed("v1", "Pod", namespace, label_selector=selector) if selector else []
    # If a rollout is stuck, its newest pods show why.
    newest = sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True)
    waiting = [pod for pod in newest if not readiness(pod).ready]
    return (_told(cluster, namespace, pod) for pod in waiting[:_PODS])


def _told(cluster: Cluster, namespace: str, pod: Manifest) -> str:
    name = pod["metadata"]["name"]
    parts = [_unscheduled(pod), *(_container(cluster, namespace, name, each) for each in _containers(pod))]
    said = "; ".join(part for part in parts if part) or readiness(pod).why
    return f"{name}: {said}{_events(cluster, namespace, name)}"


def _unscheduled(pod: Manifest) -> str:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    scheduled: Mapping[str, Any] = next((found for found in conditions if found.get("type") == "PodScheduled"), {})
    if scheduled.get("status") != "False":
        return ""
    return f"{scheduled.get('reason', 'Unschedulable')}: {scheduled.get('message', '')}".strip(": ")


def _containers(pod: Manifest) -> list[Mapping[str, Any]]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _container(cluster: Cluster, namespace: str, pod: str, status: Mapping[str, Any]) -> str:
    """Explain what keeps a container from being ready; empty if nothing does."""
    state, before = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or before
    reason = waiting.get("reason", "")
    if status.get("ready") or (not ended and reason in _HARMLESS and "running" not in state):
        return ""
    if not ended:
        return _message(reason or "it runs, but its readiness probe fails", waiting.get("message"))
    times = f", {status['restartCount']} restarts" if status.get("restartCount") else ""
    said = cluster.log(namespace, pod, status["name"], _LINES, previous=before is not None)
    head = f"{reason or ended.get('reason', 'ended')} (exit code {ended.get('exitCode')}{times})"
    return f'{head}, last said: "{" | ".join(said.split(chr(10))).strip(" |")}"' if said.strip() else head


def _events(cluster: Cluster, namespace: str, pod: str) -> str:
    chosen = f"involvedObject.name={pod},type=Warning"
    found = cluster.listed("v1", "Event", namespace, field_selector=chosen)
    newest = sorted(found, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    messages = [_message(str(event.get("reason")), event.get("message")) for event in newest[-_EVENTS:]]
    return f"; events: {'; '.join(messages)}" if messages else ""


def _message(reason: str, message: str | None) -> str:
    return f"{reason}: {message}" if message else reason
