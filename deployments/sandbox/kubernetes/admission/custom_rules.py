"""Check custom resources against their definition's schema: OpenAPI validation, then rules in CEL.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation

If validation finds an error that could break a rule's evaluation, rules are not checked, and the API says so. If the
evaluator does not understand a rule, the request is rejected as not emulated. No rule is ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deployments.sandbox.kubernetes import status
from deployments.sandbox.kubernetes.admission import expressions, formats
from deployments.sandbox.kubernetes.resources import Object
from deployments.sandbox.kubernetes.schema.types import Type
from deployments.sandbox.kubernetes.status import Cause

_BLOCKING = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
_UNCHECKED = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the "
    "existing errors to complete validation",
    "<nil>",
)
_NOTHING = object()
_OWN = ("apiVersion", "kind", "metadata")
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


def violations(item: Object, kind: Type) -> list[Cause]:
    """Return everything that is wrong with an object; empty if it is valid."""
    causes = list(_value(item, kind, ""))
    if not _has_rules(kind.schema):
        return causes
    if any(cause.reason in _BLOCKING for cause in causes):
        return [*causes, _UNCHECKED]
    return [*causes, *_rules(item, _NOTHING, kind, "")]


def transitions(before: Object, after: Object, kind: Type) -> list[Cause]:
    """Return the violations of rules about changes (`oldSelf`); empty if there are none."""
    return list(_rules(after, before, kind, "", only_transitions=True))


def null_fields(item: Any, kind: Type, path: str = "") -> Iterator[Cause]:
    """Yield a cause for every null in a field that is neither nullable nor has a default."""
    if isinstance(item, dict):
        for name, value in item.items():
            field = kind.field(name)
            if field is None or (not path and name in _OWN):
                continue
            if value is None and not field.schema.get("nullable") and "default" not in field.schema and field.name:
                yield _mistyped(f"{path}.{name}".lstrip("."), "null", field.name)
            yield from null_fields(value, field, f"{path}.{name}".lstrip("."))
    elif isinstance(item, list):
        for index, each in enumerate(item):
            yield from null_fields(each, kind.items, f"{path}[{index}]")


def refused_nulls(causes: list[Cause], kind: Type) -> list[Cause]:
    """Return the causes. If the schema has rules, add the API's note that they were not checked."""
    return [*causes, _UNCHECKED] if _has_rules(kind.schema) else causes


def _value(value: Any, kind: Type, path: str) -> Iterator[Cause]:
    if value is None:
        return
    schema = kind.schema
    if isinstance(value, dict):
        yield from _object(value, kind, path)
    elif isinstance(value, list):
        yield from _list(value, kind, path)
    elif kind.format == "int-or-string" and isinstance(value, bool | float):
        yield _mistyped(path, _JSON_TYPES[type(value)], "integer,string")
    elif "enum" in schema and value not in schema["enum"]:
        yield status.unsupported(path, value, [str(choice) for choice in schema["enum"]])
    elif isinstance(value, str):
        yield from _text(value, schema, path)
    elif not isinstance(value, bool):
        yield from _number(value, schema, path)
    yield from _choices(value, schema, path)


def _object(value: dict[str, Any], kind: Type, path: str) -> Iterator[Cause]:
    yield from (status.required(f"{path}.{name}".lstrip(".")) for name in kind.required if value.get(name) is None)
    yield from _count(len(value), kind.schema, path, "Properties", "properties")
    for name, each in value.items():
        field = kind.field(name)
        if field is not None and not (not path and name in (*_OWN, "status")):
            yield from _value(each, field, f"{path}.{name}".lstrip("."))


def _list(value: list[Any], kind: Type, path: str) -> Iterator[Cause]:
    yield from _count(len(value), kind.schema, path, "Items", "items")
    for index, each in enumerate(value):
        yield from _value(each, kind.items, f"{path}[{index}]")


def _count(number: int, schema: Mapping[str, Any], path: str, what: str, words: str) -> Iterator[Cause]:
    most, least = schema.get(f"max{what}"), schema.get(f"min{what}")
    if most is not None and number > most:
        told = f"Too many: {number}: must have at most {most} item{'' if most == 1 else 's'}"
        yield Cause("FieldValueTooMany", told, path)
    if least is not None and number < least:
        yield status.wrong(path, number, f"{path} in body should have at least {least} {words}")


def _text(value: str, schema: Mapping[str, Any], path: str) -> Iterator[Cause]:
    if len(value) > schema.get("maxLength", len(value)):
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {schema['maxLength']} bytes", path)
    elif len(value) < schema.get("minLength", 0):
        yield status.wrong(path, value, f"{path} in body should be at least {schema['minLength']} chars long")
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        yield status.wrong(path, value, f"{path} in body should match '{schema['pattern']}'")
    if not formats.fits(value, str(schema.get("format", ""))):
        told = f'Invalid value: "{value}": {path} in body must be of type {schema["format"]}: "{value}"'
        yield Cause("FieldValueTypeInvalid", told, path)


def _number(value: float, schema: Mapping[str, Any], path: str) -> Iterator[Cause]:
    least, most, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    over = schema.get("exclusiveMinimum") is True
    if least is not None and (value < least or (over and value == least)):
        yield status.wrong(
            path, value, f"{path} in body should be greater than {'' if over else 'or equal to '}{least}"
        )
    under = schema.get("exclusiveMaximum") is True
    if most is not None and (value > most or (under and value == most)):
        yield status.wrong(path, value, f"{path} in body should be less than {'' if under else 'or equal to '}{most}")
    if step and value % step:
        yield status.wrong(path, value, f"{path} in body should be a multiple of {step}")


def _choices(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[Cause]:
    """Check oneOf, anyOf, allOf and not. They may only narrow what the structural schema declares."""
    yield from (cause for part in schema.get("allOf", ()) for cause in _value(value, Type(part), path))
    # For int-or-string, the alternatives are only those two types.
    if not schema.get("x-kubernetes-int-or-string"):
        yield from _alternatives(value, schema.get("oneOf", ()), path, "one and only one schema (oneOf)", most=1)
        yield from _alternatives(value, schema.get("anyOf", ()), path, "at least one schema (anyOf)", most=1000)
    if "not" in schema and not list(_value(value, Type(schema["not"]), path)):
        yield Cause("FieldValueInvalid", f'Invalid value: "": "{path}" must not validate the schema (not)', "<nil>")


def _alternatives(value: Any, parts: Sequence[Any], path: str, words: str, *, most: int) -> Iterator[Cause]:
    failed = [list(_value(value, Type(part), path)) for part in parts]
    valid = sum(not causes for causes in failed)
    if failed and not 1 <= valid <= most:
        told = f"Found {valid} valid alternatives" if valid else "Found none valid"
        yield Cause("FieldValueInvalid", f'Invalid value: "": "{path}" must validate {words}. {told}', "<nil>")
        yield from failed[0] if not valid else ()


def _rules(value: Any, before: Any, kind: Type, path: str, *, only_transitions: bool = False) -> Iterator[Cause]:
    if value is None:
        return
    for rule in kind.schema.get("x-kubernetes-validations", ()):
        about_change = re.search(r"\boldSelf\b", rule["rule"]) is not None
        if about_change is only_transitions and (before is not _NOTHING or not about_change):
            yield from _broken(rule, value, before, path)
    for name, each, field, below in _parts(value, kind, path):
        old = before.get(name, _NOTHING) if isinstance(before, dict) else _NOTHING
        yield from _rules(each, old, field, below, only_transitions=only_transitions)


def _parts(value: Any, kind: Type, path: str) -> Iterator[tuple[Any, Any, Type, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            field = kind.field(name)
            if field is not None and not (not path and name in _OWN):
                yield name, each, field, f"{path}.{name}".lstrip(".")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield index, each, kind.items, f"{path}[{index}]"


def _broken(rule: Mapping[str, Any], value: Any, before: Any, path: str) -> Iterator[Cause]:
    names = {"self": value, **({"oldSelf": before} if before is not _NOTHING else {})}
    try:
        held = expressions.value(rule["rule"], names)
    except expressions.Failed as error:
        raise status.not_emulated(
            f"the validation rule {rule['rule']!r} of {path or 'the object'} ({error})"
        ) from error
    if held is not True:
        told = str(rule.get("message") or f"failed rule: {rule['rule']}").strip()
        where = f"{path}{rule.get('fieldPath', '')}".lstrip(".")
        yield _told(str(rule.get("reason") or "FieldValueInvalid"), value, told, where)


def _told(reason: str, value: Any, told: str, where: str) -> Cause:
    kind = _JSON_TYPES.get(type(value), "object")
    shown = f'"{kind}"' if kind in ("object", "array") else json.dumps(value)
    words = {
        "FieldValueForbidden": f"Forbidden: {told}",
        "FieldValueRequired": f"Required value: {told}",
        "FieldValueDuplicate": f"Duplicate value: {shown}",
    }
    return Cause(reason, words.get(reason, f"Invalid value: {shown}: {told}"), where)


def _mistyped(path: str, found: str, wanted: str) -> Cause:
    told = f'Invalid value: "{found}": {path} in body must be of type {wanted}: "{found}"'
    return Cause("FieldValueTypeInvalid", told, path)


def _has_rules(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return bool(schema.get("x-kubernetes-validations")) or any(map(_has_rules, schema.values()))
    return any(map(_has_rules, schema)) if isinstance(schema, list) else False
