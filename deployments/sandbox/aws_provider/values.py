"""Represents Terraform's values in Python: the wire format, the unknown value, and when two values mean the same.

Strings, numbers and booleans are themselves; lists and sets are lists; maps and objects are dictionaries; null is
None; a value that is not known before apply is `UNKNOWN`. The wire format is MessagePack, as described in Terraform's
object-wire-format document (docs/plugin-protocol/object-wire-format.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]
from tf.gen import tfplugin_pb2 as pb

Values = dict[str, Any]
"""The attributes and blocks of one resource."""


class Unknown:
    """The type of `UNKNOWN`, which is truthy and equal only to itself."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown()


def _pack_unknown(value: Any) -> Any:
    if value is UNKNOWN:
        return msgpack.ExtType(0, b"\x00")
    raise TypeError(f"{value!r} has no place in a Terraform value")


def _unpack_extension(_code: int, _data: bytes) -> Unknown:
    # Code 12 is an unknown value with refinements, such as "not null", which are not needed here.
    return UNKNOWN


def decode(message: pb.DynamicValue) -> Any:
    """Return the value in a protocol message; None for null."""
    if message.json:
        return json.loads(message.json)
    if not message.msgpack:
        return None
    return msgpack.unpackb(message.msgpack, ext_hook=_unpack_extension, strict_map_key=False)


def encode(value: Any) -> pb.DynamicValue:
    """Return the protocol message for a value."""
    return pb.DynamicValue(msgpack=msgpack.packb(_numbers_as_text(value), default=_pack_unknown))


def _numbers_as_text(value: Any) -> Any:
    # Terraform parses text with the precision of the numbers in its state. With numbers of another precision,
    # `plan -refresh-only -detailed-exitcode` (1.11) reports a change although nothing has changed.
    if isinstance(value, dict):
        return {key: _numbers_as_text(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_numbers_as_text(part) for part in value]
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def is_known(value: Any) -> bool:
    """Tell whether no part of `value`, at any depth, is unknown."""
    if isinstance(value, dict):
        return all(is_known(part) for part in value.values())
    if isinstance(value, list):
        return all(is_known(part) for part in value)
    return value is not UNKNOWN


def is_off(value: Any) -> bool:
    """Tell whether a value asks for nothing: it is null, false, zero or empty."""
    return value is not UNKNOWN and not value


# --- canonical forms: two values mean the same when these are equal --------------------------------------

Canonical = Callable[[Any], Any]


def plain(value: Any) -> Any:
    """Return the value itself, but None for null, false, zero and empty values."""
    return None if is_off(value) else value


def unordered(value: Any) -> Any:
    """Return a set's elements in a fixed order."""
    if is_off(value) or not isinstance(value, list):
        return plain(value)
    return sorted((freeze(part) for part in value), key=repr)


def freeze(value: Any) -> Any:
    """Return a hashable form of `value` that ignores the order of lists and all members that are off."""
    if isinstance(value, dict):
        return tuple(sorted((key, freeze(part)) for key, part in value.items() if not is_off(part)))
    if isinstance(value, list):
        return tuple(sorted((freeze(part) for part in value), key=repr))
    return value


def json_text(value: Any) -> Any:
    """Return the parsed JSON document, so that its layout does not matter; other text is returned unchanged."""
    try:
        return json.loads(value) if isinstance(value, str) and value else plain(value)
    except ValueError:
        return value


def policy(value: Any) -> Any:
    """Return the normal form of an IAM policy: a single string equals a list of one, and lists have no order."""
    return _policy(json_text(value))


def _policy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _policy(part) for key, part in value.items()}
    if isinstance(value, list):
        parts = sorted((_policy(part) for part in value), key=repr)
        return parts[0] if len(parts) == 1 else parts
    return str(value).lower() if isinstance(value, bool) else value


def caseless(value: Any) -> Any:
    """Return a name in lower case without its closing dot, because neither matters."""
    return value.lower().rstrip(".") if isinstance(value, str) else value
