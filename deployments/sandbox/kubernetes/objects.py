"""Small questions that are asked of every object: who it is, who owns it, what stands at a path."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from deployments.sandbox.kubernetes.resources import Object


def clone(value: Any) -> Any:
    """An independent copy of JSON."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def name_of(item: Object) -> str:
    """metadata.name."""
    return str(item["metadata"]["name"])


def namespace_of(item: Object) -> str:
    """metadata.namespace; empty for what belongs to no namespace."""
    return str(item["metadata"].get("namespace", ""))


def uid_of(item: Object) -> str:
    """metadata.uid."""
    return str(item["metadata"]["uid"])


def labels_of(item: Object) -> dict[str, str]:
    """metadata.labels."""
    return item["metadata"].get("labels") or {}


def annotations_of(item: Object) -> dict[str, str]:
    """metadata.annotations."""
    return item["metadata"].get("annotations") or {}


def is_terminating(item: Object) -> bool:
    """Whether its deletion has begun."""
    return "deletionTimestamp" in item["metadata"]


def at(item: Any, path: str, default: Any = None) -> Any:
    """What stands at a dotted path; `default` when there is nothing."""
    for part in path.split("."):
        if not isinstance(item, dict) or part not in item:
            return default
        item = item[part]
    return default if item is None else item


def put(item: Object, path: str, value: Any) -> None:
    """Set a dotted path of an object that is the caller's own."""
    *parents, last = path.split(".")
    for part in parents:
        item = item.setdefault(part, {})
    item[last] = value


def controller_of(item: Object) -> Object | None:
    """The owner reference of its controller."""
    return next((r for r in item["metadata"].get("ownerReferences", ()) if r.get("controller")), None)


def owned_by(item: Object, owner: Object) -> bool:
    """Whether `owner` is its controller."""
    reference = controller_of(item)
    return reference is not None and reference["uid"] == uid_of(owner)


def owner_reference(owner: Object) -> Object:
    """What an object made for `owner` has in its ownerReferences."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def canonical(value: Any) -> str:
    """JSON that is equal exactly when the values are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def new_uid() -> str:
    """A uid that no object ever had."""
    return str(uuid.uuid4())


def timestamp(moment: float | None = None) -> str:
    """RFC 3339 in UTC with whole seconds, as Kubernetes writes times. `moment` in seconds since the epoch."""
    when = datetime.now(UTC) if moment is None else datetime.fromtimestamp(moment, UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    """Seconds since the epoch of such a time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
