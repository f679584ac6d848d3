"""The types of fields, for everything that walks through objects: patches, apply, validation, tables.

One class serves both built-in kinds and custom resources. Built-in kinds use Kubernetes' own definitions
(`definitions.json.gz`, see `cut.py`). Custom resources use the schema in their definition.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from deployments.sandbox.kubernetes.resources import Object, Resource

_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_SCALARS = ("string", "integer", "number", "boolean")

KEY_DEFAULTS: Mapping[str, Any] = {"protocol": "TCP"}
"""Defaults of fields that are part of a list's key. The published definitions lack them."""


class Type:
    """The type of one field. Child types are created on access, because schemas can refer to themselves."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Wrap the field's schema: a JSON Schema with Kubernetes' extensions."""
        self._own = schema
        reference = schema.get("$ref")
        self.schema: Mapping[str, Any] = definitions()[reference] if isinstance(reference, str) else schema

    @property
    def is_built_in(self) -> bool:
        """Tell whether this is one of Kubernetes' own definitions."""
        return "$ref" in self._own

    @cached_property
    def omitted(self) -> frozenset[str]:
        """Return the fields that are omitted when empty (see `omitted.py`)."""
        return frozenset(_omitted().get(str(self._own.get("$ref", "")), ()))

    @cached_property
    def name(self) -> str:
        """Return string, integer, number, boolean, array or object; empty for a field that takes anything."""
        return str(self.schema.get("type", ""))

    @cached_property
    def fields(self) -> Mapping[str, Type]:
        """Return the declared fields of an object."""
        return {name: Type(schema) for name, schema in self.schema.get("properties", {}).items()}

    @cached_property
    def items(self) -> Type:
        """Return the type of a list's items."""
        return Type(self.schema.get("items", {}))

    @cached_property
    def values(self) -> Type | None:
        """Return the type of a map's values, or `None` if this is not a map."""
        more = self.schema.get("additionalProperties")
        if isinstance(more, Mapping):
            return Type(more)
        return ANYTHING if more is True or self.open else None

    @cached_property
    def open(self) -> bool:
        """Tell whether undeclared fields are allowed."""
        preserved = self.schema.get("x-kubernetes-preserve-unknown-fields", False)
        shapeless = "properties" not in self.schema and "additionalProperties" not in self.schema
        return bool(preserved) or (shapeless and self.name in ("object", ""))

    @property
    def required(self) -> tuple[str, ...]:
        """Return the names of required fields."""
        return tuple(self.schema.get("required", ()))

    @property
    def format(self) -> str:
        """Return int-or-string, quantity, date-time, byte, or whatever format the schema names."""
        if self.schema.get("x-kubernetes-int-or-string"):
            return "int-or-string"
        return str(self.schema.get("format", ""))

    @cached_property
    def atomic(self) -> bool:
        """Tell whether server-side apply treats the value as a whole."""
        if self.name == "array":
            return self._extension("list-type") not in ("map", "set")
        return "atomic" in (self._extension("map-type"), self._extension("struct-type"))

    @cached_property
    def list_type(self) -> str:
        """Return the list type: atomic, set or map."""
        return str(self._extension("list-type") or "atomic")

    @cached_property
    def list_keys(self) -> tuple[str, ...]:
        """Return the fields that identify an item of a list of type map."""
        return tuple(self._extension("list-map-keys") or ())

    @cached_property
    def merge_key(self) -> str | None:
        """Return the field that identifies an item in a strategic merge patch; `None` for lists of plain values."""
        found = self._extension("patch-merge-key")
        return str(found) if found else None

    @cached_property
    def strategies(self) -> frozenset[str]:
        """Return how a strategic merge patch treats the field: merge, retainKeys, replace."""
        return frozenset(str(self._extension("patch-strategy") or "").split(",")) - {""}

    def field(self, name: str) -> Type | None:
        """Return the type of a field or of a map's key; `None` if there is no such field."""
        return self.fields.get(name) or self.values

    def key_of(self, item: Object) -> str:
        """Return the canonical JSON of an item's keys, in a list of type map, as managed fields write it."""
        keys = {name: item.get(name, self._key_default(name)) for name in self.list_keys}
        known = {name: value for name, value in keys.items() if value is not None}
        return json.dumps(known, sort_keys=True, separators=(",", ":"))

    def _key_default(self, name: str) -> Any:
        declared = self.items.fields.get(name)
        return declared.schema.get("default", KEY_DEFAULTS.get(name)) if declared else None

    def _extension(self, name: str) -> Any:
        key = f"x-kubernetes-{name}"
        return self._own.get(key, self.schema.get(key))


ANYTHING = Type({"x-kubernetes-preserve-unknown-fields": True})


@cache
def definitions() -> Mapping[str, Any]:
    """Return Kubernetes' definitions by name."""
    packed = Path(__file__).with_name("definitions.json.gz").read_bytes()
    found: dict[str, Any] = json.loads(gzip.decompress(packed))
    return found


@cache
def _omitted() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = json.loads(Path(__file__).with_name("omitted.json").read_text())
    return found


def references(schema: Any) -> list[str]:
    """Return the names of the definitions that a schema refers to."""
    if isinstance(schema, list):
        return [name for item in schema for name in references(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
    return own + [name for value in schema.values() for name in references(value)]


@cache
def named(definition: str) -> Type:
    """Return the type of one of Kubernetes' definitions."""
    return Type({"$ref": definition})


_OF_CUSTOM: dict[int, tuple[Any, Type]] = {}


def type_of(resource: Resource) -> Type:
    """Return the type of a resource's objects."""
    if resource.definition:
        return named(resource.definition)
    known = _OF_CUSTOM.get(id(resource.schema))
    if known is None or known[0] is not resource.schema:
        _OF_CUSTOM[id(resource.schema)] = known = (resource.schema, Type(custom_schema(resource)))
    return known[1]


def custom_schema(resource: Resource) -> dict[str, Any]:
    """Return a custom resource's schema, with the apiVersion, kind and metadata that every object has."""
    own = dict(resource.schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    common = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": _META}}
    return own | {"type": "object", "properties": {**own.get("properties", {}), **common}}
