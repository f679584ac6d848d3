"""Compares Kubernetes objects and returns the differences as the changes of a plan. Pure.

`changes` compares two complete sets of objects: how does one become the other? `drifted` compares the cluster with
what a manifest sets. There, what the manifest leaves open (defaults, status, what controllers add) is not a
difference. Two spellings of one quantity are not a difference either, because the server rewrites them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.cluster.ignoring import NOTHING, Ignoring
from tasks.cluster.objects import Manifest, Reference, ordered, sent, shown
from tasks.cluster.ownership import owned_fields, relevant
from tasks.domain.plan import Action, Change
from tasks.domain.values import CHANGED, UNKNOWN

_QUANTITIES = frozenset(
    {
        "averageValue",
        "capacity",
        "default",
        "defaultRequest",
        "hard",
        "limits",
        "max",
        "min",
        "requests",
        "sizeLimit",
    }
)
"""The keys below which Kubernetes keeps quantities ("1000m" equals "1")."""

_IDENTITY: Mapping[str, Any] = {"f:apiVersion": {}, "f:kind": {}}
_NAMES: Mapping[str, Any] = {"f:name": {}, "f:namespace": {}}
"""Fields that managedFields never contain and that are always shown, as FieldsV1."""

_SCALES = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip
"""The suffixes of quantities (Kubernetes API reference, "Quantity")."""


def changes(before: Mapping[Reference, Manifest], after: Mapping[Reference, Manifest]) -> tuple[Change, ...]:
    """Return the changes that turn the objects of `before` into those of `after`, in the order of applying."""
    found = (change(about, before.get(about), after.get(about)) for about in ordered({**after, **before}))
    return tuple(one for one in found if one is not None)


def change(about: Reference, before: Manifest | None, after: Manifest | None) -> Change | None:
    """Return the change of one object, with secrets masked; None if it stays the same.

    Args:
        about: the object.
        before: its manifest before; None if it does not exist yet.
        after: its manifest after; None if it is removed.
    """
    if before == after or (before and after and _complete(before) == _complete(after)):
        return None
    action = Action.CREATE if before is None else Action.DELETE if after is None else Action.UPDATE
    was, becomes = shown(before) if before else None, shown(after) if after else None
    if before and after and becomes:
        becomes |= _secrets_that_change(before, after, becomes)
    return Change(str(about), about.type, action, was, becomes)


def change_of_ours(
    about: Reference, live: Manifest | None, becomes: Manifest | None, manager: str, ignoring: Ignoring = NOTHING
) -> Change | None:
    """Return the change of one object, limited to the fields that we own as `manager` and those that change.

    Replicas that an autoscaler sets, other people's labels and annotations, controllers' fields and ignored fields
    are left out. Otherwise an approval would become void whenever they change.

    Args:
        about: the object.
        live: the live object; None if it does not exist.
        becomes: what it would become; None if it is removed.
        manager: our field manager.
        ignoring: the fields that the unit ignores.

    Returns:
        The change; None if there is none.
    """
    if live and becomes:
        live, becomes = (ignoring.cut(about, item, live) for item in (live, becomes))
    found = change(about, live, becomes)
    if found is None:
        return None
    owned = owned_fields(becomes or live, manager)
    if not owned:
        return found
    fields = {**owned, **_IDENTITY, "f:metadata": {**owned.get("f:metadata", {}), **_NAMES}}
    before = relevant(found.before, fields, found.after or found.before) if found.before else None
    after = relevant(found.after, fields, found.before or found.after) if found.after else None
    return replace(found, before=before, after=after)


def drifted(
    about: Reference, manifest: Manifest, live: Manifest | None, ignoring: Ignoring = NOTHING
) -> Change | None:
    """Return how a live object differs from what its manifest sets; None if it does not.

    Args:
        about: the object.
        manifest: its manifest.
        live: the live object; None if it does not exist.
        ignoring: the fields that the unit ignores.
    """
    if live is None:
        return change(about, manifest, None)
    wanted = ignoring.cut(about, sent(manifest), live)
    return change(about, wanted, as_declared(wanted, live))


def common(one: Any, other: Any) -> Any:
    """Return `one`, with `UNKNOWN` wherever `other` differs."""
    if one == other:
        return one
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        return {key: common(value, other[key]) for key, value in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [common(item, another) for item, another in zip(one, other, strict=True)]
    return UNKNOWN


def as_declared(declared: Any, live: Any, quantity: bool = False) -> Any:
    """Cut `live` down to what `declared` sets; where both mean the same, use the spelling of `declared`.

    Args:
        declared: a manifest, or a part of one.
        live: the same part of the live object.
        quantity: whether the values are quantities.
    """
    if _empty(declared) and _empty(live):
        return declared
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        return {
            key: as_declared(value, live.get(key), quantity or key in _QUANTITIES) for key, value in declared.items()
        }
    if isinstance(declared, list) and isinstance(live, list):
        return _list_as_declared(declared, live, quantity)
    return declared if quantity and _same_quantity(declared, live) else live


def _list_as_declared(declared: list[Any], live: list[Any], quantity: bool) -> list[Any]:
    """Match entries by name if all have one, and leave out undeclared ones, which belong to somebody else."""
    if all(isinstance(item, Mapping) and "name" in item for item in [*declared, *live]):
        named = {item["name"]: item for item in live}
        return [as_declared(item, named[item["name"]], quantity) for item in declared if item["name"] in named]
    if len(declared) != len(live):
        return live
    return [as_declared(item, found, quantity) for item, found in zip(declared, live, strict=True)]


def _complete(manifest: Manifest) -> dict[str, Any]:
    """Return what is compared: the object as it is shown, but with its secrets."""
    return {**shown(manifest), **{part: manifest[part] for part in ("data", "stringData") if part in manifest}}


def _secrets_that_change(before: Manifest, after: Manifest, masked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the masked parts of a Secret, in which values that differ are marked as changed."""
    if after.get("kind") != "Secret":
        return {}
    return {
        part: {
            key: mask if (before.get(part) or {}).get(key) == after[part][key] else CHANGED
            for key, mask in masked[part].items()
        }
        for part in ("data", "stringData")
        if masked.get(part)
    }


def _empty(value: Any) -> bool:
    """Tell whether the API drops such a value from the objects that it stores."""
    return value is None or value in ({}, [], "", 0, False)


def _same_quantity(one: Any, other: Any) -> bool:
    number = amount(one)
    return number is not None and number == amount(other)


def amount(value: Any) -> float | None:
    """Parse a quantity ("1500m" is 1.5); None if it is not one."""
    text = str(value)
    number = text.rstrip("numkMGTPEi")
    try:
        return round(float(number) * _SCALES[text[len(number) :]], 9)
    except (ValueError, KeyError):
        return None
