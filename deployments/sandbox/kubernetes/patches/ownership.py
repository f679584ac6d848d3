"""Managed fields: which manager last set which field, and by which kind of request.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management

The module reads and writes the FieldsV1 format of metadata.managedFields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.sandbox.kubernetes.patches.typed import THERE, Path, leaves
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.schema.types import Type

APPLY, UPDATE = "Apply", "Update"

_NEVER_OWNED = frozenset(
    [("f:apiVersion",), ("f:kind",), ("f:metadata",)]
    + [
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "generation",
            "managedFields",
            "resourceVersion",
        )
    ]
)


@dataclass(frozen=True)
class Manager:
    """Who changes fields, how, and through which subresource. The identity of appliers ignores the version."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Return a key that is equal for requests that share one entry."""
        version = "" if self.operation == APPLY else self.api_version
        return self.name, self.operation, self.subresource, version

    def __str__(self) -> str:
        through = f' with subresource "{self.subresource}"' if self.subresource else ""
        version = "" if self.operation == APPLY else f" using {self.api_version}"
        return f'"{self.name}"{through}{version}'


@dataclass(frozen=True)
class Owned:
    """One entry of managedFields."""

    manager: Manager
    fields: frozenset[Path]
    time: str


Owners = Mapping[tuple[str, str, str, str], Owned]


@dataclass(frozen=True)
class Difference:
    """The paths in which two objects differ."""

    added: frozenset[Path]
    modified: frozenset[Path]
    removed: frozenset[Path]


def fields_of(item: Object, kind: Type, ignored: Iterable[str] = ()) -> frozenset[Path]:
    """Return the paths of an object that can be owned.

    `ignored` lists top-level fields that the request does not set.
    """
    return frozenset(p for p in leaves(item, kind) if _ownable(p, tuple(ignored)))


def difference(before: Object, after: Object, kind: Type) -> Difference:
    """Compare two objects of one type."""
    old = {p: value for p, value in leaves(before, kind).items() if _ownable(p, ())}
    new = {p: value for p, value in leaves(after, kind).items() if _ownable(p, ())}
    both = old.keys() & new.keys()
    changed = frozenset(p for p in both if old[p] is not THERE and old[p] != new[p])
    return Difference(frozenset(new.keys() - both), changed, frozenset(old.keys() - both))


def _ownable(path: Path, ignored: tuple[str, ...]) -> bool:
    return path not in _NEVER_OWNED and path[:1] not in [(f"f:{name}",) for name in ignored]


def read(entries: Any) -> dict[tuple[str, str, str, str], Owned]:
    """Parse metadata.managedFields into owners by identity.

    Raises:
        ValueError, KeyError, TypeError: The entries are malformed.
    """
    found = [_read_entry(entry) for entry in entries or ()]
    return {owned.manager.identity: owned for owned in found}


def _read_entry(entry: Mapping[str, Any]) -> Owned:
    manager = Manager(entry["manager"], entry["operation"], entry["apiVersion"], entry.get("subresource", ""))
    return Owned(manager, frozenset(_paths(entry.get("fieldsV1") or {}, ())), entry.get("time", ""))


def _paths(tree: Mapping[str, Any], path: Path) -> Iterable[Path]:
    for name, below in tree.items():
        if name == ".":
            yield path
        elif not below:
            yield (*path, name)
        else:
            yield from _paths(below, (*path, name))


def written(owners: Owners) -> list[Object]:
    """Return the entries of metadata.managedFields, with appliers first."""
    kept = [owned for owned in owners.values() if owned.fields]
    return [
        _written_entry(owned) for owned in sorted(kept, key=lambda o: (o.manager.operation, o.time, o.manager.name))
    ]


def _written_entry(owned: Owned) -> Object:
    manager = owned.manager
    return {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.api_version,
        **({"time": owned.time} if owned.time else {}),
        "fieldsType": "FieldsV1",
        "fieldsV1": _tree(owned.fields),
        **({"subresource": manager.subresource} if manager.subresource else {}),
    }


def _tree(paths: Iterable[Path]) -> Object:
    tree: Object = {}
    for path in sorted(paths):
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node["."] = {}
    return _trimmed(tree)


def _trimmed(node: Object) -> Object:
    """Drop the dot of paths that have nothing below them."""
    return {} if list(node) == ["."] else {name: _trimmed(below) for name, below in node.items()}


def after_update(owners: Owners, manager: Manager, changed: Difference, time: str) -> Owners:
    """Return the owners after a request that is not an apply.

    The manager becomes the only owner of the fields that it changed.

    Args:
        owners: The owners before the request.
        manager: The manager of the request.
        changed: What the request changed.
        time: The time for the manager's entry, as RFC 3339.
    """
    mine = manager.identity
    set_now = changed.added | changed.modified
    kept = {i: less(owned, (set_now if i != mine else frozenset()) | changed.removed) for i, owned in owners.items()}
    before = kept[mine].fields if mine in kept else frozenset()
    if set_now - before or (mine in owners and kept[mine].fields != owners[mine].fields):
        kept[mine] = Owned(manager, before | set_now, time)
    return {i: owned for i, owned in kept.items() if owned.fields}


def less(owned: Owned, lost: frozenset[Path]) -> Owned:
    """Return the entry without the paths in `lost`."""
    return Owned(owned.manager, owned.fields - lost, owned.time) if owned.fields & lost else owned
