"""Generates platform.schema.json, with which editors check and complete platform.yaml, from the models.

`python -m tasks.manifest` prints it. A test keeps the file in infrastructure/ equal to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tasks.engines import ENGINES
from tasks.manifest.mistakes import Key
from tasks.manifest.models import platform_model
from tasks.manifest.options import WRITTEN

Schema = dict[str, Any]
REFERENCE = "#/$defs/{model}"
PLACEHOLDER: Schema = {"type": "string", "pattern": r"^\{(environment|platform|account|region|values\.[\w-]+)\}$"}


def platform_schema() -> Schema:
    """Return the JSON schema (draft 2020-12) of platform.yaml."""
    schema = _tidied(platform_model().model_json_schema(ref_template=REFERENCE))
    definitions = schema["$defs"]
    definitions["DeclaredUnit"]["properties"]["engine"]["enum"] = list(ENGINES)
    own = definitions.pop("DeclaredCheck")
    definitions["DeclaredCheck"] = {
        "description": own["description"],
        "anyOf": [_written(own, kind, options) for kind in WRITTEN for options in option_schemas(kind)],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "platform.yaml of FlowMart's infrastructure delivery",
        **schema,
    }


def option_schemas(kind: str) -> tuple[Schema, ...]:
    """Return the object schemas for the options of a check of `kind`, one for each of its variants."""
    model = WRITTEN[kind]
    schema = _tidied(model.model_json_schema(ref_template=REFERENCE))
    definitions = schema.pop("$defs", {})
    return tuple(definitions[_name(ref)] for ref in schema.get("oneOf", ())) or (schema,)


def at(schema: Schema, key: Key) -> Schema:
    """Return the part of `schema` that describes the value at `key`; empty if there is none."""
    node = _resolved(schema, schema)
    for step in key:
        node = _resolved(schema, _below(node, step))
    return node


def _below(node: Schema, step: str | int) -> Schema:
    if isinstance(step, int):
        items: Schema = node.get("items", {})
        return items
    branches = [node, *node.get("anyOf", ())]
    candidates = [
        *(branch.get("properties", {}).get(step) for branch in branches),
        *node.get("patternProperties", {}).values(),
        node.get("additionalProperties"),
    ]
    return next((found for found in candidates if isinstance(found, dict)), {})


def _resolved(schema: Schema, node: Schema) -> Schema:
    branches = [branch for branch in node.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1:
        # An optional value: describe the one type that it has if it is present.
        node = {**branches[0], **{key: value for key, value in node.items() if key != "anyOf"}}
    if "$ref" not in node:
        return node
    target: Schema = schema["$defs"][_name(node)]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _written(own: Schema, kind: str, options: Schema) -> Schema:
    """Return the schema of a check as written: its own keys next to the options of its kind."""
    properties = {key: _or_placeholder(part) for key, part in options["properties"].items()}
    return {
        "type": "object",
        "description": options.get("description", ""),
        "additionalProperties": False,
        "properties": {**own["properties"], "kind": {"const": kind}, **properties},
        "required": [*own["required"], *options.get("required", ())],
    }


def _or_placeholder(part: Schema) -> Schema:
    if "const" in part or part.get("type") == "string":
        return part
    about: Schema = {key: part[key] for key in ("default", "description") if key in part}
    rest = {key: value for key, value in part.items() if key not in about}
    return {**about, "anyOf": [*_alternatives(rest), PLACEHOLDER]}


def _alternatives(part: Schema) -> Iterator[Schema]:
    yield from part.get("anyOf", [part])


def _tidied(part: Any) -> Any:
    """Remove titles that repeat the keys, and reject names that do not match their pattern."""
    if isinstance(part, list):
        return [_tidied(item) for item in part]
    if not isinstance(part, dict):
        return part
    found = {k: _tidied(v) for k, v in part.items() if k != "title" or not isinstance(v, str)}
    return {**found, "additionalProperties": False} if "patternProperties" in found else found


def text() -> str:
    """Return the content of platform.schema.json."""
    return json.dumps(platform_schema(), indent=2, ensure_ascii=False) + "\n"
