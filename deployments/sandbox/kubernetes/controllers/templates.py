"""Create pods from templates, and tell whether pods are ready. All workload controllers share this."""

from __future__ import annotations

import hashlib
from typing import Any

from deployments.sandbox.kubernetes.controllers.world import World
from deployments.sandbox.kubernetes.objects import (
    at,
    canonical,
    clone,
    is_terminating,
    name_of,
    namespace_of,
    owner_reference,
    seconds_of,
)
from deployments.sandbox.kubernetes.resources import Object

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_OVER = ("Succeeded", "Failed")


def hash_of(value: Any) -> str:
    """Return a hash of a template: ten letters and digits, as in the names of replica sets."""
    number = int.from_bytes(hashlib.sha256(canonical(value).encode()).digest()[:8], "big")
    letters = []
    for _ in range(10):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)


def pod_for(owner: Object, template: Object, name: str = "") -> Object:
    """Return a pod of `owner`, created from a template. If `name` is empty, the API generates one."""
    given = template.get("metadata") or {}
    metadata = {
        **({"name": name} if name else {"generateName": f"{name_of(owner)[:57]}-"}),
        "namespace": namespace_of(owner),
        "labels": dict(given.get("labels") or {}),
        "annotations": dict(given.get("annotations") or {}),
        "ownerReferences": [owner_reference(owner)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": clone(template["spec"])}


def is_ready(pod: Object) -> bool:
    """Tell whether the pod's condition Ready is true."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in at(pod, "status.conditions", []))


def ready_for(world: World, pod: Object) -> float:
    """Return for how many seconds the pod has been ready, or -1 if it is not ready."""
    for condition in at(pod, "status.conditions", []):
        if condition["type"] == "Ready" and condition["status"] == "True":
            return max(world.now() - seconds_of(condition["lastTransitionTime"]), 0.0)
    return -1.0


def is_active(pod: Object) -> bool:
    """Tell whether the pod is neither finished nor terminating."""
    return not is_terminating(pod) and at(pod, "status.phase") not in _OVER


def worst_first(pod: Object) -> tuple[bool, bool, str]:
    """Return a sort key. Pods to delete first come first: without a node, not ready, youngest."""
    return bool(at(pod, "spec.nodeName")), is_ready(pod), _reversed(pod["metadata"]["creationTimestamp"])


def _reversed(text: str) -> str:
    return "".join(chr(255 - ord(letter)) for letter in text)


def share(value: Any, of: int, up: bool) -> int:
    """Resolve a number or a percentage of `of`.

    Args:
        value: A number, or a percentage such as "25%".
        of: The total for percentages.
        up: Round up instead of down.
    """
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    exact = int(text[:-1]) * of
    return -(-exact // 100) if up else exact // 100


def condition(had: list[Object], name: str, value: str, reason: str, message: str, now: str) -> Object:
    """Return a condition. Its transition time changes only if its value changes.

    Args:
        had: The object's current conditions.
        name: The condition's type.
        value: "True", "False" or "Unknown".
        reason: The reason, in one word.
        message: The message.
        now: The current time, as RFC 3339.
    """
    before = next((c for c in had if c["type"] == name), {})
    since = before.get("lastTransitionTime", now) if before.get("status") == value else now
    same = (before.get("status"), before.get("reason"), before.get("message")) == (value, reason, message)
    updated = before.get("lastUpdateTime", now) if same else now
    return {
        "type": name,
        "status": value,
        "reason": reason,
        "message": message,
        "lastUpdateTime": updated,
        "lastTransitionTime": since,
    }
