"""Converts frozen dataclasses to JSON and back. A stored record is either read completely or rejected.

`encode` returns a value that `json` can write. `decode` reads it by the annotations of the dataclass: every field
without a default must be present, unknown fields are rejected, and each value must have the annotated type. So a
newer version can read records written before a field was added. An older version rejects, by name, fields that it
does not understand.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tasks.domain.errors import UnreadableRecord

ELSEWHERE = "it was written by another version of flowmart"
"""The end of every message about a record of an unknown shape."""

Decoded = TypeVar("Decoded")
_Read = Callable[[Any, str], Any]


def encode(value: Any) -> Any:
    """Return a value that `json` can write.

    Args:
        value: dataclasses and mappings become objects, tuples become lists, sets become sorted lists. Numbers, bools
            and None stay as they are; anything else becomes text.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value.value if isinstance(value, Enum) else str(value)
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(encode(item) for item in value)
    return [encode(item) for item in value] if isinstance(value, tuple | list) else str(value)


def decode(kind: type[Decoded], data: Any, where: str) -> Decoded:
    """Return the record of type `kind` in `data`, which `json` has read.

    Args:
        kind: a frozen dataclass.
        data: the result of `encode` for such a record.
        where: the location that a message names: "staging/17, applied".

    Raises:
        UnreadableRecord: a field without a default is missing, or a field is unknown or of another type.
    """
    hint: Any = kind
    found: Decoded = _reader(hint)(data, where)
    return found


@cache
def _reader(hint: Any) -> _Read:
    """Return the function that reads a value of this annotation."""
    if is_dataclass(hint) and isinstance(hint, type):
        return _dataclass_reader(hint)
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        return _optional_reader(inner)
    if origin in (tuple, frozenset):
        return _sequence_reader(origin, inner[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_reader(inner[1])
    return _scalar_reader(hint, origin, inner)


def _dataclass_reader(kind: type) -> _Read:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    required = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}

    def read(data: Any, where: str) -> Any:
        if not isinstance(data, dict):
            raise _refusal(where, f"{_shown(data)} is not an object")
        missing, unknown = sorted(required - data.keys()), sorted(data.keys() - readers.keys())
        if missing or unknown:
            faults = [f"field {name} is missing" for name in missing] + [
                f"field {name} is unknown" for name in unknown
            ]
            raise _refusal(where, ", ".join(faults))
        return kind(**{name: readers[name](value, f"{where}.{name}") for name, value in data.items()})

    return read


def _optional_reader(inner: tuple[Any, ...]) -> _Read:
    (reader,) = (_reader(hint) for hint in inner if hint is not type(None))
    return lambda data, where: None if data is None else reader(data, where)


def _sequence_reader(origin: Callable[[Any], Any], item: Any) -> _Read:
    reader = _reader(item)

    def read(data: Any, where: str) -> Any:
        if not isinstance(data, list):
            raise _refusal(where, f"{_shown(data)} is not a list")
        return origin(reader(each, where) for each in data)

    return read


def _mapping_reader(item: Any) -> _Read:
    reader = _reader(item)

    def read(data: Any, where: str) -> Any:
        if not isinstance(data, dict):
            raise _refusal(where, f"{_shown(data)} is not an object")
        return {key: reader(each, f"{where}.{key}") for key, each in data.items()}

    return read


def _scalar_reader(hint: Any, origin: Any, inner: tuple[Any, ...]) -> _Read:
    if hint is Any:
        return lambda data, _: data
    if origin is Literal:
        return _choice_reader(dict.fromkeys(inner))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _choice_reader({each.value: each for each in hint})
    allowed: tuple[type, ...] = (int, float) if hint is float else (hint,)

    def read(data: Any, where: str) -> Any:
        # Python's bool is a subclass of int, so isinstance would accept True as a number.
        if type(data) not in allowed:
            raise _refusal(where, f"{_shown(data)} is not {hint.__name__}")
        return data

    return read


def _choice_reader(choices: Mapping[Any, Any]) -> _Read:
    def read(data: Any, where: str) -> Any:
        if not isinstance(data, str) or data not in choices:
            raise _refusal(where, f"{_shown(data)} is not one of {', '.join(map(str, choices))}")
        return choices[data] if choices[data] is not None else data

    return read


def _refusal(where: str, what: str) -> UnreadableRecord:
    return UnreadableRecord(f"{where}: {what}; {ELSEWHERE}")


def _shown(data: Any) -> str:
    text = str(data)
    return text if len(text) <= 40 else f"{text[:40]}..."
