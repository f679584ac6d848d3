"""Read basic facts of any object: its identity, its owner, the value at a path."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from deployments.sandbox.kubernetes.resources import Object


def clone(value: Any) -> Any:
    """Return an independent copy of a JSON value."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def name_of(item: Object) -> str:
    """Return metadata.name."""
    return str(item["metadata"]["name"])


def namespace_of(item: Object) -> str:
    """Return metadata.namespace, or an empty string for a cluster-scoped object."""
    return str(item["metadata"].get("namespace", ""))


def uid_of(item: Object) -> str:
    """Return metadata.uid."""
    return str(item["metadata"]["uid"])


def labels_of(item: Object) -> dict[str, str]:
    """Return metadata.labels, or an empty dict."""
    return item["metadata"].get("labels") or {}


def annotations_of(item: Object) -> dict[str, str]:
    """Return metadata.annotations, or an empty dict."""
    return item["metadata"].get("annotations") or {}


def is_terminating(item: Object) -> bool:
    """Tell whether the object is marked for deletion."""
    return "deletionTimestamp" in item["metadata"]


def at(item: Any, path: str, default: Any = None) -> Any:
    """Return the value at a dotted path. Return `default` if it is missing or null."""
    for part in path.split("."):
        if not isinstance(item, dict) or part not in item:
            return default
        item = item[part]
    return default if item is None else item


def put(item: Object, path: str, value: Any) -> None:
    """Set the value at a dotted path, in place. The caller must own `item`."""
    *parents, last = path.split(".")
    for part in parents:
        item = item.setdefault(part, {})
    item[last] = value


def controller_of(item: Object) -> Object | None:
    """Return the reference to the object's controller, or `None` if it has none."""
    return next((r for r in item["metadata"].get("ownerReferences", ()) if r.get("controller")), None)


def owned_by(item: Object, owner: Object) -> bool:
    """Tell whether `owner` is the object's controller."""
    reference = controller_of(item)
    return reference is not None and reference["uid"] == uid_of(owner)


def owner_reference(owner: Object) -> Object:
    """Return the entry of ownerReferences that makes `owner` an object's controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def canonical(value: Any) -> str:
    """Return compact JSON with sorted keys. Two values have the same text exactly when they are equal."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def new_uid() -> str:
    """Return a new random uid."""
    return str(uuid.uuid4())


def timestamp(moment: float | None = None) -> str:
    """Format a time as RFC 3339 in UTC with whole seconds, as Kubernetes does.

    Args:
        moment: Seconds since the epoch; `None` means now.
    """
    when = datetime.now(UTC) if moment is None else datetime.fromtimestamp(moment, UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    """Parse such a time; return seconds since the epoch."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
