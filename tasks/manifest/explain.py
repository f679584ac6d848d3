"""pydantic's errors -> mistakes in the words of platform.yaml.

pydantic knows types; the person knows keys. So a location is cut down to what is really in the document (a union's
branch is not a key), and each sort of error gets a sentence that says what would be right. What is allowed at
a place comes from the JSON schema, which is made of the same models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tasks.manifest.declared import PATTERNS
from tasks.manifest.mistakes import Key, Mistake, any_of, did_you_mean, not_among, shown
from tasks.manifest.schema import Schema, at

Sentence = Callable[[ErrorDetails, Schema], str]


def mistakes(error: ValidationError, data: Any, schema: Schema) -> tuple[Mistake, ...]:
    """One mistake for every place in `data` that pydantic complains about; `schema` describes all of `data`."""
    places: dict[Key, dict[str, None]] = {}
    for detail in error.errors():
        key = _place(detail, data)
        about = at(schema, key[:-1] if detail["type"] == "extra_forbidden" else key)
        places.setdefault(key, {})[_sentence(detail, about)] = None
    return tuple(Mistake(key, ", or ".join(sentences)) for key, sentences in places.items())


def _place(detail: ErrorDetails, data: Any) -> Key:
    key: list[str | int] = []
    for step in detail["loc"]:
        inside = data.get(step) if isinstance(data, Mapping) and step in data else _item(data, step)
        if inside is not None or (isinstance(data, Mapping) and step in data):
            key.append(step)
            data = inside
    return (*key, detail["loc"][-1]) if detail["type"] == "missing" else tuple(key)


def _item(data: Any, step: str | int) -> Any:
    return data[step] if isinstance(data, list) and isinstance(step, int) and step < len(data) else None


def _sentence(detail: ErrorDetails, schema: Schema) -> str:
    sentence = SENTENCES.get(detail["type"], _anything_else)
    return sentence(detail, schema)


def _missing(_: ErrorDetails, schema: Schema) -> str:
    return f"is missing. {schema.get('description', '')}".strip()


def _unknown_key(detail: ErrorDetails, schema: Schema) -> str:
    keys = sorted(schema.get("properties", ()))
    return f"is not a key here{did_you_mean(detail['loc'][-1], keys)}; {any_of(keys)}"


def _not_text(detail: ErrorDetails, schema: Schema) -> str:
    value = detail["input"]
    if isinstance(value, Mapping) and list(value.values()) == [None]:
        return f"must be text: put it in quotes, YAML reads {{{next(iter(value))}}} as a mapping"
    if isinstance(value, bool | int | float):
        return f"{_words(schema) or 'must be text: put it in quotes'}, not {shown(value)}"
    return f"must be text, not {_kind(value)}"


def _not_of_kind(right: str) -> Sentence:
    return lambda detail, _: f"must be {right}, not {_kind(detail['input'])}"


def _wrong_pattern(detail: ErrorDetails, _: Schema) -> str:
    pattern = str(detail["ctx"]["pattern"])
    words = PATTERNS.get(pattern, f"must match {pattern}")
    return f"{words}, not {shown(detail['input'])}"


def _not_allowed(detail: ErrorDetails, schema: Schema) -> str:
    return not_among(detail["input"], "allowed here", schema.get("enum", ()))


def _empty(*_: Any) -> str:
    return "must not be empty"


def _own_words(detail: ErrorDetails, _: Schema) -> str:
    return str(detail.get("ctx", {}).get("error") or detail["msg"])


def _own_words_about_value(detail: ErrorDetails, _: Schema) -> str:
    return f"{detail['msg']}, not {shown(detail['input'])}"


def _anything_else(detail: ErrorDetails, _: Schema) -> str:
    return f"{detail['msg'].replace('Input should', 'must')}, not {shown(detail['input'])}"


def _words(schema: Schema) -> str:
    return PATTERNS.get(schema.get("pattern", ""), "")


def _kind(value: Any) -> str:
    """What a value is, to people who write YAML."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the text {shown(value)}" if isinstance(value, str) else shown(value)


SENTENCES: Mapping[str, Sentence] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "string_type": _not_text,
    "string_pattern_mismatch": _wrong_pattern,
    "string_too_short": _empty,
    "too_short": _empty,
    "literal_error": _not_allowed,
    "bool_type": _not_of_kind("true or false"),
    "tuple_type": _not_of_kind("a list"),
    "list_type": _not_of_kind("a list"),
    "dict_type": _not_of_kind("a mapping"),
    "model_type": _not_of_kind("a mapping"),
    "model_attributes_type": _not_of_kind("a mapping"),
    "int_type": _not_of_kind("a whole number"),
    "int_parsing": _not_of_kind("a whole number"),
    "float_type": _not_of_kind("a number"),
    "float_parsing": _not_of_kind("a number"),
    "duration": _own_words_about_value,
    "value_error": _own_words,
}
