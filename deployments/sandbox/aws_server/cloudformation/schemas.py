"""Reads AWS's registry of resource types: which changes replace a resource, and which properties are rejected.

The data is the copy in cfn-lint, read from its files. Importing cfn-lint takes seconds, during which the whole
sandbox would wait.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, ValidationError, validators

from deployments.sandbox.aws_server.cloudformation.intrinsics import LATER

_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


@lru_cache(maxsize=512)
def recreating(kind: str, region: str) -> dict[str, str]:
    """Return {property: "Always" or "Conditionally"} for properties whose change replaces the resource."""
    schema = _schema(kind, region)
    always = {_top(path): "Always" for path in schema.get("createOnlyProperties") or ()}
    conditionally = {_top(path): "Conditionally" for path in schema.get("conditionalCreateOnlyProperties") or ()}
    return conditionally | always


def attributes(kind: str, region: str) -> frozenset[str]:
    """Return the attributes that GetAtt may name for a type."""
    schema = _schema(kind, region)
    found = [_top(path).replace("/", ".") for path in schema.get("readOnlyProperties") or ()]
    return frozenset([*found, *schema["properties"]])


def identifier(kind: str, region: str) -> tuple[str, ...]:
    """Return the properties that identify a resource of a type."""
    return tuple(_top(path) for path in _schema(kind, region).get("primaryIdentifier") or ())


def read_only(kind: str, region: str) -> frozenset[str]:
    """Return the properties that a template cannot set."""
    return frozenset(_top(path) for path in _schema(kind, region).get("readOnlyProperties") or ())


def is_readable(kind: str, region: str) -> bool:
    """Tell whether AWS can read an existing resource of a type, which import requires."""
    return "read" in (_schema(kind, region).get("handlers") or {})


def typed(kind: str, region: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with texts of numbers as numbers, where the schema wants numbers: `030` is 30.

    CloudFormation converts such texts before it validates, sends or compares properties.
    """
    schema = _schema(kind, region)
    found: dict[str, Any] = _typed_as(properties, schema, schema)
    return found


def _typed_as(value: Any, shape: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    if "$ref" in shape:
        shape = schema["definitions"][shape["$ref"].rpartition("/")[2]]
    if isinstance(value, Mapping):
        properties = shape.get("properties", {})
        return {key: _typed_as(item, properties.get(key, {}), schema) for key, item in value.items()}
    if isinstance(value, list):
        items = shape.get("items", {})
        return [_typed_as(item, items if isinstance(items, Mapping) else {}, schema) for item in value]
    return _number(value) if shape.get("type") in ("integer", "number") else value


def _number(value: Any) -> Any:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value.strip()):
        return value
    return int(value) if value.strip().lstrip("+-").isdigit() else float(value)


def refusal(kind: str, region: str, properties: Mapping[str, Any]) -> str:
    """Tell why AWS rejects properties.

    Returns:
        The reason; empty if they are accepted. Values that are only known later are not checked.
    """
    error = next(iter(_validator(kind, region).iter_errors(typed(kind, region, properties))), None)
    if error is None:
        return ""
    where = "/".join(["#", *(str(part) for part in error.absolute_path)])
    return f"{where}: {_worded(error)}"


def _worded(error: ValidationError) -> str:
    """Return an error of the schema in CloudFormation's words."""
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        return f"required key [{', '.join(missing)}] not found"
    if error.validator == "additionalProperties":
        unknown = sorted(set(error.instance) - set(error.schema.get("properties", ())))
        return f"extraneous key [{', '.join(unknown)}] is not permitted"
    return str(error.message)


@lru_cache(maxsize=256)
def _validator(kind: str, region: str) -> Any:
    schema = {key: value for key, value in _schema(kind, region).items() if key in _CHECKED}
    return _Validator(schema)


_CHECKED = ("properties", "definitions", "required", "additionalProperties", "patternProperties", "type")


def _known(name: str) -> Any:
    """Return a keyword of JSON schema that ignores values that are only known later."""
    check = Draft7Validator.VALIDATORS[name]

    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not _unknown(instance) and not (name == "uniqueItems" and any(LATER in json.dumps(i) for i in instance)):
            yield from check(validator, value, instance, schema) or ()

    return checked


def _unknown(value: Any) -> bool:
    """Tell whether a value is only known later, or is read when the resource is made."""
    return isinstance(value, str) and (LATER in value or "{{resolve:" in value)


def _typed(validator: Any, types: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Check a type as CloudFormation does, which accepts numbers and booleans as text and the reverse."""
    if isinstance(instance, str | int | float | bool):
        plain = {"string", "integer", "number", "boolean"} & set([types] if isinstance(types, str) else types)
        if not plain and not _unknown(instance) and not _is_json(instance, types):
            yield ValidationError(f"expected type: {_named(types)}, found: String")
        return
    yield from Draft7Validator.VALIDATORS["type"](validator, types, instance, schema) or ()


def _is_json(instance: Any, types: Any) -> bool:
    return isinstance(instance, str) and "object" in types and instance.lstrip().startswith("{")


def _named(types: Any) -> str:
    words = {"array": "JSONArray", "object": "JSONObject"}
    return ", ".join(words.get(name, name) for name in ([types] if isinstance(types, str) else types))


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Check a pattern. Patterns are Java's; one that Python cannot parse is ignored."""
    try:
        yield from _known("pattern")(validator, pattern, instance, schema)
    except re.error:
        return


def _enum(_: Any, allowed: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    texts = {str(option).lower() if isinstance(option, bool) else str(option) for option in allowed}
    if not isinstance(instance, str | int | float) or _unknown(instance):
        return
    text = str(instance).lower() if isinstance(instance, bool) else str(instance)
    if text not in texts:
        yield ValidationError(f"{instance} is not a valid enum value")


_KEYWORDS = ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems", "required")
_Validator = validators.create(
    meta_schema={},
    validators={
        **{name: _known(name) for name in _KEYWORDS},
        **{
            name: Draft7Validator.VALIDATORS[name] for name in ("properties", "items", "additionalProperties", "$ref")
        },
        "type": _typed,
        "pattern": _pattern,
        "enum": _enum,
    },
)
"""Checks properties against AWS's schemas, except for anyOf and the like.

Those keywords are hints for generators, which AWS itself does not enforce.
"""


def _schema(kind: str, region: str) -> dict[str, Any]:
    digest = _digests(region)[kind]
    found: dict[str, Any] = json.loads((_schemas() / "resources" / f"{digest}.json").read_text())
    return found


@lru_cache(maxsize=8)
def _digests(region: str) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads((_schemas() / "providers" / f"{region}.json").read_text())
    return found


@lru_cache(maxsize=1)
def _schemas() -> Path:
    found = find_spec("cfnlint")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("cfn-lint is missing, which moto[server] brings")
    return Path(found.origin).parent / "data" / "schemas"


def _top(path: str) -> str:
    """Shorten a path: "/properties/Budget/BudgetName" becomes "Budget/BudgetName"."""
    return path.removeprefix("/properties/")
