"""Judges readiness where an object's own status does not tell: by the events that its controller left.

A claim of a class that waits for its first consumer stays Pending until a pod uses it. That is as ready as it gets:
pods that use it are waited for themselves. A Job with `ttlSecondsAfterFinished` is removed by the cluster once it has
finished, so a missing one has ended, and only the events tell how.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.cluster.access import Cluster
from tasks.cluster.errors import NotPermitted
from tasks.cluster.health import Health
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.readiness import READY, Readiness, State

_SELECTED = "volume.kubernetes.io/selected-node"
"""The annotation with which the scheduler asks for the volume of a claim that waited for a pod."""
_FOR_A_POD = "WaitForFirstConsumer"
_COMPLETED = "Completed"
_FAILURES = frozenset(
    {
        "BackoffLimitExceeded",
        "DeadlineExceeded",
        "FailedIndexes",
        "MaxFailedIndexesExceeded",
        "PodFailurePolicy",
    }
)
"""The reasons for which the Job controller gives a Job up (`batch/v1`, "JobReason...")."""

Uids = Mapping[Reference, str]
"""UIDs of objects; "" for those that are not known."""
_NONE: Uids = {}


def ends(manifest: Manifest) -> bool:
    """Tell whether the cluster removes the object by itself once it has ended, as a Job with a time to live."""
    spec = manifest.get("spec")
    return (
        str(manifest.get("apiVersion")).startswith("batch/")
        and manifest.get("kind") == "Job"
        and isinstance(spec, Mapping)
        and spec.get("ttlSecondsAfterFinished") is not None
    )


def judged(
    cluster: Cluster, about: Reference, live: Manifest | None, health: Health, ended: Uids = _NONE
) -> Readiness:
    """Judge a live object, with the help of events where its status does not tell.

    Args:
        cluster: the cluster, as the identity that reads.
        about: the object.
        live: the live object; None if it does not exist.
        health: the rules of readiness.
        ended: the objects that the cluster removes once they have ended. One whose UID is not known was seen to end.
    """
    if live is None and about in ended:
        return _of_ended(cluster, about, ended[about])
    found = health.of(live)
    if live is None or found.ready or health.has_rule(live) or not _is_pending_claim(about, live):
        return found
    return _of_claim(cluster, about, live, found)


def _is_pending_claim(about: Reference, live: Manifest) -> bool:
    claim = (about.group, about.kind) == ("", "PersistentVolumeClaim")
    return claim and (live.get("status") or {}).get("phase", "Pending") == "Pending"


def _of_claim(cluster: Cluster, about: Reference, live: Manifest, found: Readiness) -> Readiness:
    newest = _newest(_events(cluster, about.namespace, live["metadata"]["uid"]))
    chosen = _SELECTED in (live["metadata"].get("annotations") or {})
    if newest.get("reason") == _FOR_A_POD and not chosen and not live["metadata"].get("deletionTimestamp"):
        return READY
    return Readiness(found.state, f"{found.why} ({newest['reason']}: {newest.get('message')})") if newest else found


def _of_ended(cluster: Cluster, about: Reference, uid: str) -> Readiness:
    events = _events(cluster, about.namespace, uid) if uid else []
    if not uid or any(event.get("reason") == _COMPLETED for event in events):
        return READY
    failed = next((event for event in events if event.get("reason") in _FAILURES), None)
    if failed:
        return Readiness(State.FAILED, f"{failed['reason']}: {failed.get('message')}")
    told = "it was removed once it had finished, and no event tells how it ended; raise ttlSecondsAfterFinished"
    return Readiness(State.PROGRESSING, told)


def _events(cluster: Cluster, namespace: str, uid: str) -> list[dict[str, Any]]:
    """Return the events of an object; none if this identity may not list them."""
    try:
        return cluster.listed("v1", "Event", namespace, field_selector=f"involvedObject.uid={uid}")
    except NotPermitted:
        return []


def _newest(events: list[dict[str, Any]]) -> Mapping[str, Any]:
    return max(events, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""), default={})
