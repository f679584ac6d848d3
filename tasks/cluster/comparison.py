"""What differs between Kubernetes objects, as the changes of a plan. Pure.

Two questions are answered. `changes`: how does one set of objects become another (both complete)? `drifted`: where
does the cluster differ from what a manifest sets? There, whatever the manifest leaves open (defaults, status, what
controllers add) is not a difference. Nor are two spellings of one quantity, since the server rewrites them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.cluster.ignoring import NOTHING, Ignoring
from tasks.cluster.objects import Manifest, Reference, ordered, sent, shown
from tasks.cluster.ownership import owned_fields, relevant
from tasks.domain.plan import Action, Change
from tasks.domain.values import CHANGED

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
"""The keys below which Kubernetes keeps quantities ("1000m" is "1")."""

_IDENTITY: Mapping[str, Any] = {"f:apiVersion": {}, "f:kind": {}}
_NAMES: Mapping[str, Any] = {"f:name": {}, "f:namespace": {}}
"""Fields that are in no managedFields, and are shown always: as FieldsV1."""

_SCALES = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip
"""The suffixes of quantities (Kubernetes API reference, "Quantity")."""


def changes(before: Mapping[Reference, Manifest], after: Mapping[Reference, Manifest]) -> tuple[Change, ...]:
    """What has to happen to every object of `before` to be as in `after`, in the order of applying."""
    found = (change(about, before.get(about), after.get(about)) for about in ordered({**after, **before}))
    return tuple(one for one in found if one is not None)


def change(about: Reference, before: Manifest | None, after: Manifest | None) -> Change | None:
    """What happens to one object; `None` when nothing does."""
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
    """What happens to one object, told by the fields that we own, as `manager`, and those that change.

    Replicas that an autoscaler sets, labels and annotations of others, whatever controllers write, what the unit
    ignores: none of it is part of the change, or an approval would be void whenever they move.
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
    """How a live object differs from what its manifest sets; `None` when it does not."""
    if live is None:
        return change(about, manifest, None)
    wanted = ignoring.cut(about, sent(manifest), live)
    return change(about, wanted, as_declared(wanted, live))


def as_declared(declared: Any, live: Any, quantity: bool = False) -> Any:
    """`live`, cut down to what `declared` sets; where both mean the same, as `declared` spells it."""
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
    """Entries that have names are the same by name, and others than the declared ones are somebody else's."""
    if all(isinstance(item, Mapping) and "name" in item for item in [*declared, *live]):
        named = {item["name"]: item for item in live}
        return [as_declared(item, named[item["name"]], quantity) for item in declared if item["name"] in named]
    if len(declared) != len(live):
        return live
    return [as_declared(item, found, quantity) for item, found in zip(declared, live, strict=True)]


def _complete(manifest: Manifest) -> dict[str, Any]:
    """What is compared: as it is shown, but with the secrets."""
    return {**shown(manifest), **{part: manifest[part] for part in ("data", "stringData") if part in manifest}}


def _secrets_that_change(before: Manifest, after: Manifest, masked: Mapping[str, Any]) -> dict[str, Any]:
    """The masked parts of a Secret, with the values that differ marked as changed."""
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
    """What the API drops from the objects that it keeps."""
    return value is None or value in ({}, [], "", 0, False)


def _same_quantity(one: Any, other: Any) -> bool:
    number = amount(one)
    return number is not None and number == amount(other)


def amount(value: Any) -> float | None:
    """The number that a quantity is ("1500m" is 1.5); None for what is none."""
    text = str(value)
    number = text.rstrip("numkMGTPEi")
    try:
        return round(float(number) * _SCALES[text[len(number) :]], 9)
    except (ValueError, KeyError):
        return None
