"""Check an applied object against its schema before server-side apply merges it.

The API server first builds a typed object (structured-merge-diff's `typed.FromUnstructured`), and then converts it to
its own types. An error there has status 500 and no reason, whatever field validation the client requests
(kubernetes/kubernetes#122480). Recorded from kube-apiserver 1.34.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from deployments.sandbox.kubernetes.patches.typed import Path, described, element
from deployments.sandbox.kubernetes.quantities import quantity
from deployments.sandbox.kubernetes.resources import Object, Resource
from deployments.sandbox.kubernetes.schema.types import Type, type_of
from deployments.sandbox.kubernetes.status import ApiError

_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_SCALARS = {"string": (str, "string"), "boolean": (bool, "boolean")}


def require_typed(item: Object, resource: Resource, namespace: str, name: str) -> None:
    """Check that an object fits its type.

    Args:
        item: The object to apply.
        resource: Its kind.
        namespace: Its namespace, for the message.
        name: Its name, for the message.

    Raises:
        ApiError: 500, for the first value that does not fit.
    """
    kind = type_of(resource)
    about = f"{namespace}/{name}; {resource.group}/{resource.version}, Kind={resource.kind}"
    for told in _untyped(item, kind, ()):
        raise ApiError(500, "", f"failed to create typed patch object ({about}): {told}")
    # The API server does not convert custom resources to Go types.
    for told in () if resource.custom else _inconvertible(item, kind):
        target = f"{resource.group}/{resource.version}, Kind={resource.kind}"
        why = f"to proper version: unable to convert unstructured object to {target}: {told}"
        raise ApiError(500, "", f"failed to convert new object ({about}) {why}")


def _untyped(value: Any, kind: Type, path: Path) -> Iterator[str]:
    if value is None or kind.format in ("int-or-string", "quantity"):
        return
    if isinstance(value, dict) and (kind.name == "object" or kind.fields or not kind.name):
        yield from _untyped_fields(value, kind, path)
    elif isinstance(value, list) and kind.name in ("array", ""):
        yield from _untyped_items(value, kind, path)
    elif not _fits(value, kind):
        yield f"{described(path)}: {_expected(value, kind)}"


def _untyped_fields(value: dict[str, Any], kind: Type, path: Path) -> Iterator[str]:
    for name, item in value.items():
        below, field = (*path, f"f:{name}"), kind.field(name)
        if field is None:
            yield f"{described(below)}: field not declared in schema"
        else:
            yield from _untyped(item, field, below)


def _untyped_items(value: list[Any], kind: Type, path: Path) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(value):
        if _lacks_keys(item, kind):
            keys = json.dumps(list(kind.list_keys))
            told = f"associative list with keys has an element that omits all key fields {keys}"
            yield f"{described(path)}: element {index}: {told} (and doesn't have default values for any key fields)"
        keyed = kind.list_type in ("map", "set") and (kind.list_type == "set" or isinstance(item, dict))
        part = element(item, kind) if keyed else ""
        if part and part in seen:
            yield f"{described(path)}: duplicate entries for key {described((part,))}"
        seen.add(part)
        yield from _untyped(item, kind.items, (*path, part or f"i:{index}"))


def _lacks_keys(item: Any, kind: Type) -> bool:
    """Tell whether an item lacks all its keys. In built-in kinds every key has a default, even if it is empty."""
    if kind.list_type != "map" or kind.items.is_built_in or not isinstance(item, dict):
        return False
    defaulted = any("default" in kind.items.fields[key].schema for key in kind.list_keys if key in kind.items.fields)
    return not defaulted and not any(key in item for key in kind.list_keys)


def _fits(value: Any, kind: Type) -> bool:
    if kind.name in ("integer", "number"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    expected, _ = _SCALARS.get(kind.name, (None, ""))
    return not kind.name or (expected is not None and isinstance(value, expected))


def _expected(value: Any, kind: Type) -> str:
    if kind.name in ("integer", "number"):
        return f"expected numeric (int or float), got {_named(value)}"
    wanted = {"array": "list", "object": "map"}.get(kind.name, kind.name)
    return f"expected {wanted}, got {_go(value)}"


def _named(value: Any) -> str:
    """Return Go's name for the type of a value that is not a number."""
    return {bool: "bool", str: "string", list: "list", dict: "map"}[type(value)]


def _go(value: Any) -> str:
    """Format a value as Go prints it."""
    if isinstance(value, str | list | dict):
        return f"&{{{_printed(value)}}}"
    return f"&value.valueUnstructured{{Value:{json.dumps(value)}}}"


def _printed(value: Any) -> str:
    """Format a value as Go's `%v` does for lists and maps."""
    if isinstance(value, list):
        return f"[{' '.join(map(_printed, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_printed(value[key])}' for key in sorted(value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def _inconvertible(value: Any, kind: Type) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if (field := kind.field(name)) is not None:
                yield from _inconvertible(item, field)
    elif isinstance(value, list):
        for item in value:
            yield from _inconvertible(item, kind.items)
    elif value is not None:
        yield from _unusable(value, kind)


def _unusable(value: Any, kind: Type) -> Iterator[str]:
    if kind.format == "quantity" and not _is_quantity(value):
        yield _QUANTITY
    elif kind.format == "int-or-string" and isinstance(value, bool | float):
        yield f"json: cannot unmarshal {'bool' if isinstance(value, bool) else 'number'} into Go value of type int32"
    elif kind.name == "integer" and isinstance(value, float) and not value.is_integer():
        yield "cannot convert float64 to int32"
    elif kind.format == "byte" and not _is_base64(str(value)):
        yield "error decoding from json: illegal base64 data at input byte 0"


def _is_quantity(value: Any) -> bool:
    try:
        quantity(value)
    except ValueError:
        return False
    return not isinstance(value, bool)


def _is_base64(text: str) -> bool:
    """Tell whether a text is base64, ignoring line breaks as Go does."""
    try:
        base64.b64decode("".join(text.split("\n")), validate=True)
    except binascii.Error:
        return False
    return True
