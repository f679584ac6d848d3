"""GitHub's OpenAPI description as a judge: what is wrong with a request of ours, and with an answer of the stub's.

The description (`description.json.gz`) is cut from npm's @octokit/openapi 23.0.2 by `cut_description.py`. Its
licence: MIT, Copyright (c) 2020 Octokit contributors. Where GitHub lets something pass, the stub does not: unknown
query parameters and unknown members of a body are mistakes here.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from tests.doubles.github_stub.cut_description import DATA


@dataclass(frozen=True)
class Operation:
    """One operation, with the values that the request's path has for its parameters."""

    name: str
    described: Mapping[str, Any]
    path: Mapping[str, str]


class Description:
    """The operations that there are."""

    def __init__(self) -> None:
        found = json.loads(gzip.decompress(DATA.read_bytes()))
        self._components = found["components"]
        self._paths = [(re.compile(_pattern(path)), methods) for path, methods in found["paths"].items()]

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation of a request; None when GitHub has none there, or none that we said that we use."""
        for pattern, methods in self._paths:
            match = pattern.fullmatch(path)
            if match and method.lower() in methods:
                described = methods[method.lower()]
                return Operation(described["operationId"], described, match.groupdict())
        return None

    def mistakes(self, operation: Operation, query: Mapping[str, str], body: Any) -> Iterator[str]:
        """What is wrong with path, query and body of a request."""
        parameters = [self._resolved(parameter) for parameter in operation.described.get("parameters", [])]
        known = {(parameter["in"], parameter["name"]): parameter for parameter in parameters}
        for place, values in (("path", operation.path), ("query", query)):
            for name, value in values.items():
                yield from self._wrong_parameter(known.get((place, name)), place, name, value)
        yield from self._wrong_body(operation, body)

    def wrong_answer(self, operation: Operation, status: int, body: Any) -> Iterator[str]:
        """What GitHub would not have answered. Members may be missing: the stub tells only what somebody reads."""
        answer = operation.described["responses"].get(str(status))
        if answer is None:
            yield f"{operation.name} does not answer {status}"
            return
        schema = self._schema(answer["content"]["application/json"]["schema"], partial=True)
        yield from _told(schema, body, f"answer of {operation.name}")

    def _wrong_parameter(
        self, parameter: Mapping[str, Any] | None, place: str, name: str, value: str
    ) -> Iterator[str]:
        if parameter is None:
            yield f"{place} parameter {name}: there is none"
            return
        schema = parameter["schema"]
        found: Any = int(value) if schema.get("type") == "integer" and value.lstrip("-").isdigit() else value
        yield from _told(self._schema(schema), found, f"{place} parameter {name}")
        if name == "per_page" and not 1 <= int(value) <= 100:
            yield f"per_page is {value}: GitHub gives at most 100"

    def _wrong_body(self, operation: Operation, body: Any) -> Iterator[str]:
        described = operation.described.get("requestBody")
        if described is None:
            if body is not None:
                yield "a body, where none is taken"
            return
        if body is None:
            if described.get("required"):
                yield "no body"
            return
        schema = self._schema(described["content"]["application/json"]["schema"])
        yield from _told(schema, body, "body")

    def _resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in value:
            return value
        _, _, kind, name = value["$ref"].split("/")
        found: Mapping[str, Any] = self._components[kind][name]
        return found

    def _schema(self, value: Any, partial: bool = False, closed: bool = True) -> Any:
        """As JSON Schema: references filled in, `nullable` as a type, nothing unknown in an object.

        `partial`: nothing is required, and one of several is any of several, as they cannot be told apart then. The
        parts of an `allOf` are not `closed`, each by itself: the whole is.
        """
        if isinstance(value, list):
            return [self._schema(item, partial) for item in value]
        if not isinstance(value, dict):
            return value
        value = dict(self._resolved(value))
        nullable = value.pop("nullable", False)
        if partial:
            value.pop("required", None)
            value = {("anyOf" if key == "oneOf" else key): item for key, item in value.items()}
        properties = value.pop("properties", None)
        made = {key: item if key == "enum" else self._schema(item, partial) for key, item in value.items()}
        if "allOf" in value:
            made["allOf"] = [self._schema(item, partial, closed=False) for item in value["allOf"]]
            made["unevaluatedProperties"] = not closed
        if properties is not None:
            made["properties"] = {name: self._schema(item, partial) for name, item in properties.items()}
            if closed and "allOf" not in value:
                made.setdefault("additionalProperties", False)
        return {"anyOf": [made, {"type": "null"}]} if nullable else made


def _pattern(path: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))


def _told(schema: Any, value: Any, where: str) -> Iterator[str]:
    for error in Draft202012Validator(schema).iter_errors(value):
        yield f"{where}{error.json_path.removeprefix('$')}: {error.message[:500]}"
