"""Normalize objects of built-in kinds: drop empty fields and write quantities in canonical form.

The API server decodes an object into Go structs and encodes it again. `schema/omitted.json` lists the fields that
this drops when they are empty.
"""

from __future__ import annotations

from typing import Any

from deployments.sandbox.kubernetes.quantities import canonical
from deployments.sandbox.kubernetes.resources import Object, Resource
from deployments.sandbox.kubernetes.schema.types import Type, type_of


def normal(item: Object, resource: Resource) -> Object:
    """Return the object as the store keeps it. Custom resources stay unchanged."""
    return item if resource.custom else _kept(item, type_of(resource))


def _kept(value: Any, kind: Type | None) -> Any:
    if kind is None:
        return value
    if kind.format == "quantity":
        return canonical(value)
    if isinstance(value, dict):
        kept = {name: _kept(each, kind.field(name)) for name, each in value.items()}
        return {name: each for name, each in kept.items() if name not in kind.omitted or each not in _EMPTY}
    if isinstance(value, list):
        return [_kept(each, kind.items) for each in value]
    return value


_EMPTY: tuple[Any, ...] = (False, 0, "", [], {}, None)
