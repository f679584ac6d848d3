"""Bring equivalent notations of a value to one: numbers, booleans, durations, sizes, lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_DURATION = re.compile(r"(\d+)(nanos|micros|ms|s|m|h|d)")
_NANOS = {
    "d": 86_400 * 10**9,
    "h": 3600 * 10**9,
    "m": 60 * 10**9,
    "s": 10**9,
    "ms": 10**6,
    "micros": 1000,
    "nanos": 1,
}
_SIZE = re.compile(r"(\d+)(b|kb|k|mb|m|gb|g|tb|t|pb|p)", re.IGNORECASE)
_BYTES = {"pb": 1024**5, "tb": 1024**4, "gb": 1024**3, "mb": 1024**2, "kb": 1024, "b": 1}


def scalar(value: Any) -> Any:
    """Return a number or a boolean as the text that the API accepts for it too; return other values unchanged."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def scalars(value: Any) -> Any:
    """Apply `scalar` to everything inside a value."""
    if isinstance(value, Mapping):
        return {key: scalars(item) for key, item in value.items()}
    return [scalars(item) for item in value] if isinstance(value, list) else scalar(value)


def duration(value: Any) -> Any:
    """Return a duration in the largest unit that divides it: "168h" is "7d". Return other values unchanged."""
    written = scalar(value)
    found = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if not found:
        return "0ms" if written == "0" else written
    nanos = int(found[1]) * _NANOS[found[2]]
    if nanos == 0:
        return "0ms"
    return next(f"{nanos // size}{unit}" for unit, size in _NANOS.items() if nanos % size == 0)


def size(value: Any) -> Any:
    """Return a size in the largest unit that divides it: "51200mb" is "50gb". Return other values unchanged."""
    written = scalar(value)
    found = _SIZE.fullmatch(written) if isinstance(written, str) else None
    if not found:
        return written
    unit = found[2].lower()
    number = int(found[1]) * _BYTES[unit if unit in _BYTES else f"{unit}b"]
    if number == 0:
        return "0b"
    return next(f"{number // each}{name}" for name, each in _BYTES.items() if number % each == 0)


def measures(value: Any, key: str = "") -> Any:
    """Normalize everything inside a value; the keys say which values are sizes and which durations."""
    if isinstance(value, Mapping):
        return {name: measures(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [measures(item, key) for item in value]
    return size(value) if key.endswith("_size") or key == "size" else duration(value)


def listed(value: Any) -> list[Any]:
    """Return one value or several as a list; empty for None."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield nested or dotted keys as (full dotted key, value)."""
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from flat(item, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", item


def without_nothing(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping without None, empty mappings and empty lists."""
    return {key: item for key, item in value.items() if item is not None and item != {} and item != []}


def without(value: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping without values equal to their defaults; all values are already normalized."""
    return {key: item for key, item in value.items() if key not in defaults or item != defaults[key]}
