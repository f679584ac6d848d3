"""Judges whether a live object is ready. Pure.

The rules are those of kstatus (sigs.k8s.io/cli-utils, pkg/kstatus/README), which helm 4 and kubectl use too: built-in
kinds are judged by their status, everything else by its standard conditions. There are four differences. A Job is
ready when it has completed, not when it has started, because its result is what is waited for. An APIService is ready
when it is available, because an unavailable one blocks the deletion of every namespace. With `OnDelete`, the pods of
a StatefulSet must be ready, and those of a DaemonSet need not be of the new version. A kind is one of a group: the
`Service` of Knative and the `Job` of Volcano are not the built-in ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tasks.cluster.objects import Manifest


class State(StrEnum):
    """The progress of an object towards being ready."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"


@dataclass(frozen=True)
class Readiness:
    """The state of an object, and the reason why it is not ready."""

    state: State
    why: str = ""

    @property
    def ready(self) -> bool:
        """Whether the object is ready."""
        return self.state is State.READY


READY = Readiness(State.READY)


def readiness(live: Manifest | None) -> Readiness:
    """Judge a live object by the built-in rules; one that does not exist is progressing."""
    if live is None:
        return _progressing("it does not exist")
    group = str(live["apiVersion"]).rpartition("/")[0]
    rule = _RULES.get((group, str(live["kind"])), _by_conditions)
    return pending(live) or rule(live.get("spec") or {}, live.get("status") or {})


def pending(live: Manifest) -> Readiness | None:
    """Explain why an object's status cannot be judged yet; None if it can."""
    if live["metadata"].get("deletionTimestamp"):
        return _progressing("it is being deleted")
    seen = (live.get("status") or {}).get("observedGeneration")
    if isinstance(seen, int) and seen < live["metadata"].get("generation", 0):
        return _progressing("its controller has not seen the change yet")
    return None


def _deployment(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    wanted = spec.get("replicas", 1)
    progressing = _condition(status, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return _failed(f"{progressing['reason']}: {progressing.get('message', '')}")
    failure = _condition(status, "ReplicaFailure")
    if failure.get("status") == "True":
        return _progressing(f"{failure.get('reason', 'ReplicaFailure')}: {failure.get('message', '')}")
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted:
        told = f"{updated} of {wanted} pods are of the new version"
        return _progressing(f"{told}; the rollout is paused (spec.paused)" if spec.get("paused") else told)
    if status.get("replicas", 0) > updated:
        return _progressing(f"{status['replicas'] - updated} pods of the old version are still there")
    if available < wanted:
        return _progressing(f"{available} of {wanted} pods are available")
    return READY


def _stateful_set(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    strategy = spec.get("updateStrategy") or {}
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    if ready < wanted:
        return _progressing(f"{ready} of {wanted} pods are ready")
    if _is_left_to_people(spec):
        return READY
    first = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    if status.get("updatedReplicas", 0) < wanted - first:
        return _progressing(f"{status.get('updatedReplicas', 0)} of {wanted - first} pods are of the new version")
    if not first and status.get("currentRevision") != status.get("updateRevision"):
        return _progressing("the update has not ended")
    return READY


def _replica_set(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    wanted, available = spec.get("replicas", 1), status.get("availableReplicas", 0)
    return READY if available >= wanted else _progressing(f"{available} of {wanted} pods are available")


def _daemon_set(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    wanted = status.get("desiredNumberScheduled")
    if wanted is None:
        return _progressing("it has not been scheduled yet")
    available = status.get("numberAvailable", 0)
    updated = wanted if _is_left_to_people(spec) else status.get("updatedNumberScheduled", 0)
    if min(updated, available) < wanted:
        return _progressing(f"{updated} of {wanted} pods are of the new version, {available} available")
    return READY


def _is_left_to_people(spec: Mapping[str, Any]) -> bool:
    """Tell whether pods become new ones only when somebody deletes the old ones."""
    return (spec.get("updateStrategy") or {}).get("type") == "OnDelete"


def _job(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    failed = _condition(status, "Failed")
    if failed.get("status") == "True":
        return _failed(f"{failed.get('reason', 'Failed')}: {failed.get('message', '')}")
    if _condition(status, "Complete").get("status") == "True":
        return READY
    if spec.get("suspend"):
        return _progressing("it is suspended (spec.suspend), so it does not run")
    return _progressing("it has not completed")


def _pod(_: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    phase = status.get("phase", "Pending")
    if phase == "Failed":
        return _failed(str(status.get("message") or status.get("reason") or "its containers failed"))
    if phase == "Succeeded" or _condition(status, "Ready").get("status") == "True":
        return READY
    return _progressing(f"it is {phase} and not ready")


def _claim(_: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    phase = status.get("phase", "Pending")
    return READY if phase == "Bound" else _progressing(f"it is {phase}")


def _service(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    if spec.get("type") != "LoadBalancer" or (status.get("loadBalancer") or {}).get("ingress"):
        return READY
    return _progressing("it has no load balancer yet")


def _definition(_: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    accepted = _condition(status, "NamesAccepted")
    if accepted.get("status") == "False":
        return _failed(f"{accepted.get('reason', 'NamesNotAccepted')}: {accepted.get('message', '')}")
    return READY if _condition(status, "Established").get("status") == "True" else _progressing("not established")


def _api_service(_: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    available = _condition(status, "Available")
    if available.get("status") == "True":
        return READY
    return _progressing(str(available.get("message") or "it is not available yet"))


def _always(_: Mapping[str, Any], __: Mapping[str, Any]) -> Readiness:
    return READY


def _by_conditions(_: Mapping[str, Any], status: Mapping[str, Any]) -> Readiness:
    stalled, ready = _condition(status, "Stalled"), _condition(status, "Ready")
    if stalled.get("status") == "True":
        return _failed(f"{stalled.get('reason', 'Stalled')}: {stalled.get('message', '')}")
    if _condition(status, "Reconciling").get("status") == "True" or ready.get("status") in ("False", "Unknown"):
        return _progressing(str(ready.get("message") or ready.get("reason") or "it is not ready"))
    return READY


_RULES: Mapping[tuple[str, str], Callable[[Mapping[str, Any], Mapping[str, Any]], Readiness]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("", "ReplicationController"): _replica_set,
    ("batch", "Job"): _job,
    ("", "Pod"): _pod,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apiregistration.k8s.io", "APIService"): _api_service,
    # Their conditions describe other things: whether pods may be evicted now, and whether metrics are available.
    ("policy", "PodDisruptionBudget"): _always,
    ("autoscaling", "HorizontalPodAutoscaler"): _always,
}
"""The rules of the built-in kinds, by group and kind."""


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return the condition of that type; empty if there is none."""
    return next((found for found in status.get("conditions") or () if found.get("type") == kind), {})


def _progressing(why: str) -> Readiness:
    return Readiness(State.PROGRESSING, why)


def _failed(why: str) -> Readiness:
    return Readiness(State.FAILED, why.strip(": "))
