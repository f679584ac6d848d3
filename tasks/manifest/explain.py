"""Translates pydantic's errors into mistakes in the terms of platform.yaml.

pydantic knows types; the reader knows keys. So a location is cut down to keys that are in the document (a union's
branch is not a key). The errors at one place become one sentence that gives a correct value: either `RIGHT`, which
describes the value ("a list"), or `SAYS`, a whole sentence. The allowed values at a place come from the JSON schema,
which is generated from the same models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tasks.manifest.mistakes import Key, Mistake, any_of, did_you_mean, not_among, shown
from tasks.manifest.notation import PATTERNS
from tasks.manifest.schema import Schema, at


def mistakes(error: ValidationError, data: Any, schema: Schema) -> tuple[Mistake, ...]:
    """Return one mistake for every place in `data` that pydantic reports.

    Args:
        error: pydantic's errors.
        data: the validated data.
        schema: the JSON schema of all of `data`.
    """
    places: dict[Key, list[ErrorDetails]] = {}
    for detail in error.errors():
        places.setdefault(_place(detail, data), []).append(detail)
    return tuple(Mistake(key, _sentence(key, details, schema)) for key, details in places.items())


def _place(detail: ErrorDetails, data: Any) -> Key:
    key: list[str | int] = []
    for step in detail["loc"]:
        if _is_in(data, step):
            key.append(step)
            data = data[step]
    absent = ABSENT.get(detail["type"])
    return (*key, absent(detail)) if absent else tuple(key)


def _is_in(data: Any, step: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, Mapping) and step in data


def _sentence(key: Key, details: list[ErrorDetails], schema: Schema) -> str:
    """Describe the mistake at one place. A union reports several errors there: any of its branches would be right."""
    for detail in details:
        if says := SAYS.get(detail["type"]):
            return says(detail, schema, key)
    telling = [detail for detail in details if detail["type"] != "string_type"] or details
    rights = dict.fromkeys(_right(detail, at(schema, key)) for detail in telling)
    return f"must be {' or '.join(rights)}, not {_kind(details[0]['input'])}"


def _right(detail: ErrorDetails, schema: Schema) -> str:
    """Return the phrase that follows "must be"."""
    if detail["type"] == "string_pattern_mismatch":
        pattern = str(detail["ctx"]["pattern"])
        return PATTERNS.get(pattern, f"a text that matches {pattern}")
    if detail["type"] == "string_type":
        return PATTERNS.get(schema.get("pattern", ""), "text")
    rest = detail["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return RIGHT.get(detail["type"], rest)


def _missing(_: ErrorDetails, schema: Schema, key: Key) -> str:
    about = at(schema, key).get("description") or at(schema, key[:-1]).get("description", "")
    choice = any_of(names) if (names := at(schema, key).get("enum")) else ""
    paragraph = " ".join(about.split("\n\n")[0].split())
    return f"is missing. {paragraph or choice}".strip()


def _unknown_key(_: ErrorDetails, schema: Schema, key: Key) -> str:
    keys = sorted(at(schema, key[:-1]).get("properties", ()))
    return f"is not a key here.{did_you_mean(key[-1], keys)} {any_of(keys)}"


def _not_allowed(detail: ErrorDetails, schema: Schema, key: Key) -> str:
    return not_among(detail["input"], "allowed here", at(schema, key).get("enum", ()))


def _unknown_variant(detail: ErrorDetails, _: Schema, __: Key) -> str:
    expected = str(detail["ctx"]["expected_tags"]).replace("'", "").split(", ")
    return not_among(detail["ctx"]["tag"], "allowed here", expected)


def _empty(*_: Any) -> str:
    return "must not be empty"


def _too_long(detail: ErrorDetails, *_: Any) -> str:
    written, longest = len(detail["input"]), detail["ctx"]["max_length"]
    return f"is a name of {written} characters: shorten it to {longest} or fewer"


def _own_words(detail: ErrorDetails, _: Schema, __: Key) -> str:
    return str(detail.get("ctx", {}).get("error") or detail["msg"])


def _discriminator(detail: ErrorDetails) -> str:
    return str(detail["ctx"]["discriminator"]).strip("'")


def _kind(value: Any) -> str:
    """Return the kind of a value, in terms of YAML."""
    if isinstance(value, Mapping):
        only = next(iter(value), "") if list(value.values()) == [None] else ""
        return f"a mapping, which is how YAML reads {{{only}}} without quotes" if only else "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else shown(value)


ABSENT: Mapping[str, Callable[[ErrorDetails], str | int]] = {
    "missing": lambda detail: detail["loc"][-1],
    "union_tag_not_found": _discriminator,
    "union_tag_invalid": _discriminator,
}
"""Errors about a key that is not in pydantic's location, with a function that returns the key."""

SAYS: Mapping[str, Callable[[ErrorDetails, Schema, Key], str]] = {
    "missing": _missing,
    "union_tag_not_found": _missing,
    "union_tag_invalid": _unknown_variant,
    "extra_forbidden": _unknown_key,
    "string_too_short": _empty,
    "too_short": _empty,
    "string_too_long": _too_long,
    "literal_error": _not_allowed,
    "value_error": _own_words,
}

RIGHT: Mapping[str, str] = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "names": "a name, or a list of names",
    "long_duration": "a duration of ten years or less",
    "duration": '"90s", "5m", "1h" or a number of seconds above 0',
}
