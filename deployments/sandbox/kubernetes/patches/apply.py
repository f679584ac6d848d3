"""Server-side apply: merge an intent into the live object, and prune fields that its manager no longer wants.

https://kubernetes.io/docs/reference/using-api/server-side-apply/ and KEP-555.

The rules are those of structured-merge-diff's `merge.Updater`. If another manager owns a field and its value would
change, that is a conflict. If the value stays the same, both own the field. Force takes the field from the other
manager.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from deployments.sandbox.kubernetes.patches import ownership
from deployments.sandbox.kubernetes.patches.ownership import Manager, Owned, Owners
from deployments.sandbox.kubernetes.patches.typed import Path, described, merged, without
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.schema.types import ANYTHING, Type
from deployments.sandbox.kubernetes.status import ApiError


@dataclass(frozen=True)
class Intent:
    """What a manager wants. `ignored` lists top-level fields that the address does not set."""

    wanted: Object
    manager: Manager
    force: bool = False
    ignored: tuple[str, ...] = ()


def apply(live: Object, owners: Owners, intent: Intent, kind: Type, time: str) -> tuple[Object, Owners]:
    """Merge an intent into an object.

    Args:
        live: The object as stored; empty for a new object.
        owners: The current owners of its fields.
        intent: What the manager wants.
        kind: The object's type.
        time: The time for the manager's entry, as RFC 3339.

    Returns:
        The object, and the owners of its fields, after the apply.

    Raises:
        ApiError: 409, with the conflicting managers and fields, unless the intent is forced.
    """
    mine = intent.manager.identity
    wanted = _without_nulls({k: v for k, v in intent.wanted.items() if k not in intent.ignored}, kind)
    fields = ownership.fields_of(wanted, kind)
    before = owners[mine].fields if mine in owners else frozenset()
    after = merged(live, wanted, kind)
    rest = {i: owned for i, owned in owners.items() if i != mine}
    after = without(after, kind, _unwanted(before - fields, fields, rest))
    changed = ownership.difference(live, after, kind)
    contested = {i: owned.fields & (changed.added | changed.modified) for i, owned in rest.items()}
    if any(contested.values()) and not intent.force:
        raise _conflict({rest[i].manager: paths for i, paths in contested.items() if paths})
    kept = {i: ownership.less(owned, contested[i] | changed.removed) for i, owned in rest.items()}
    same = mine in owners and owners[mine].fields == fields and owners[mine].manager == intent.manager
    kept[mine] = owners[mine] if same else Owned(intent.manager, fields, time)
    return after, {i: owned for i, owned in kept.items() if owned.fields}


def _unwanted(dropped: frozenset[Path], fields: frozenset[Path], rest: Owners) -> frozenset[Path]:
    """Return the paths to remove: dropped fields, and their parents, in which no manager owns anything."""
    owned = set(fields).union(*(o.fields for o in rest.values()))
    held = {path[:length] for path in owned for length in range(1, len(path) + 1)}
    enclosing = {path[:length] for path in dropped for length in range(2, len(path) + 1)}
    return frozenset(path for path in enclosing if path not in held)


def _without_nulls(value: Any, kind: Type) -> Any:
    """Drop nulls, except where a custom resource's schema allows them."""
    if isinstance(value, dict):
        fields = {name: kind.field(name) or ANYTHING for name in value}
        kept = {name: item for name, item in value.items() if item is not None or fields[name].schema.get("nullable")}
        return {name: _without_nulls(item, fields[name]) for name, item in kept.items()}
    if isinstance(value, list):
        return [_without_nulls(item, kind.items) for item in value]
    return value


def _conflict(contested: dict[Manager, frozenset[Path]]) -> ApiError:
    """Return the error, in the API server's words."""
    by_manager: dict[str, list[str]] = defaultdict(list)
    for manager, paths in contested.items():
        by_manager[str(manager)].extend(sorted(described(path) for path in paths))
    count = sum(len(paths) for paths in by_manager.values())
    message = f"Apply failed with {count} conflict{'s' if count > 1 else ''}: {_told(by_manager, count)}"
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, paths in sorted(by_manager.items())
        for path in paths
    ]
    return ApiError(409, "Conflict", message, {"causes": causes})


def _told(by_manager: dict[str, list[str]], count: int) -> str:
    if count == 1:
        (manager, paths), *_ = by_manager.items()
        return f"conflict with {manager}: {paths[0]}"
    told = [
        f"conflicts with {manager}:\n" + "\n".join(f"- {path}" for path in paths)
        for manager, paths in sorted(by_manager.items())
    ]
    return "\n".join(told)
