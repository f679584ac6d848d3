"""Server-side apply: an intent is merged into the live object, what its manager no longer wants is pruned.

https://kubernetes.io/docs/reference/using-api/server-side-apply/ and KEP-555. The rules are those of
structured-merge-diff's `merge.Updater`: a field that another manager owns and that would get another value is a
conflict; the same value is shared; forcing takes the field away from the other.
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
    """What a manager wants. `ignored`: top-level fields that this address does not set (status, or all but it)."""

    wanted: Object
    manager: Manager
    force: bool = False
    ignored: tuple[str, ...] = ()


def apply(live: Object, owners: Owners, intent: Intent, kind: Type, time: str) -> tuple[Object, Owners]:
    """The object after the intent, and who owns what then. `ApiError` 409 that names the other owners."""
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
    """What to take away: what the manager wanted earlier, with what encloses it, where nobody owns anything in it."""
    owned = set(fields).union(*(o.fields for o in rest.values()))
    held = {path[:length] for path in owned for length in range(1, len(path) + 1)}
    enclosing = {path[:length] for path in dropped for length in range(2, len(path) + 1)}
    return frozenset(path for path in enclosing if path not in held)


def _without_nulls(value: Any, kind: Type) -> Any:
    """Nulls are left out, but where a custom resource's schema allows them."""
    if isinstance(value, dict):
        fields = {name: kind.field(name) or ANYTHING for name in value}
        kept = {name: item for name, item in value.items() if item is not None or fields[name].schema.get("nullable")}
        return {name: _without_nulls(item, fields[name]) for name, item in kept.items()}
    if isinstance(value, list):
        return [_without_nulls(item, kind.items) for item in value]
    return value


def _conflict(contested: dict[Manager, frozenset[Path]]) -> ApiError:
    """Worded as the API server words it."""
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
