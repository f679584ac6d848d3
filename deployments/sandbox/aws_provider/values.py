"""Terraform's values in Python: the wire format, the unknown value, and when two values mean the same.

Strings, numbers and booleans are themselves; lists and sets are lists; maps and objects are dictionaries; null is
None; what is not known before apply is `UNKNOWN`. The wire format is MessagePack, as described in Terraform's
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
    """The type of `UNKNOWN`. It is falsy nowhere and equal only to itself."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown()


def _pack_unknown(value: Any) -> Any:
    if value is UNKNOWN:
        return msgpack.ExtType(0, b"\x00")
    raise TypeError(f"{value!r} has no place in a Terraform value")


def _unpack_extension(_code: int, _data: bytes) -> Unknown:
    # Code 12 is an unknown with refinements ("not null"): what it promises is not needed here.
    return UNKNOWN


def decode(message: pb.DynamicValue) -> Any:
    """The value in a protocol message; None for null."""
    if message.json:
        return json.loads(message.json)
    if not message.msgpack:
        return None
    return msgpack.unpackb(message.msgpack, ext_hook=_unpack_extension, strict_map_key=False)


def encode(value: Any) -> pb.DynamicValue:
    """The protocol message for a value."""
    return pb.DynamicValue(msgpack=msgpack.packb(_numbers_as_text(value), default=_pack_unknown))


def _numbers_as_text(value: Any) -> Any:
    # Terraform parses text to the precision that it gives the numbers in its state. A number of any other precision
    # makes `plan -refresh-only -detailed-exitcode` (1.11) say that something changed, although nothing did.
    if isinstance(value, dict):
        return {key: _numbers_as_text(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_numbers_as_text(part) for part in value]
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def is_known(value: Any) -> bool:
    """Whether nothing in `value`, however deep, is unknown."""
    if isinstance(value, dict):
        return all(is_known(part) for part in value.values())
    if isinstance(value, list):
        return all(is_known(part) for part in value)
    return value is not UNKNOWN


def is_off(value: Any) -> bool:
    """Null, false, zero or empty: what asks for nothing."""
    return value is not UNKNOWN and not value


# --- canonical forms: two values mean the same when these are equal --------------------------------------

Canonical = Callable[[Any], Any]


def plain(value: Any) -> Any:
    """The value itself; null, false, zero and empty are all None."""
    return None if is_off(value) else value


def unordered(value: Any) -> Any:
    """A set's elements in a fixed order."""
    if is_off(value) or not isinstance(value, list):
        return plain(value)
    return sorted((freeze(part) for part in value), key=repr)


def freeze(value: Any) -> Any:
    """A hashable form of `value` that ignores the order of lists and everything that is off."""
    if isinstance(value, dict):
        return tuple(sorted((key, freeze(part)) for key, part in value.items() if not is_off(part)))
    if isinstance(value, list):
        return tuple(sorted((freeze(part) for part in value), key=repr))
    return value


def json_text(value: Any) -> Any:
    """A JSON document without its layout."""
    try:
        return json.loads(value) if isinstance(value, str) and value else plain(value)
    except ValueError:
        return value


def policy(value: Any) -> Any:
    """An IAM policy: a lone string means a list of one, and lists have no order."""
    return _policy(json_text(value))


def _policy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _policy(part) for key, part in value.items()}
    if isinstance(value, list):
        parts = sorted((_policy(part) for part in value), key=repr)
        return parts[0] if len(parts) == 1 else parts
    return str(value).lower() if isinstance(value, bool) else value


def caseless(value: Any) -> Any:
    """A name in which upper and lower case, and a closing dot, do not matter."""
    return value.lower().rstrip(".") if isinstance(value, str) else value
