"""Properties of a template as arguments of a service's call: the call's own shape tells names and types.

A property is the argument of the same name, whatever the case of its letters; `names` has those that differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

import botocore.session
from botocore import xform_name
from botocore.model import ListShape, MapShape, Shape, StructureShape

from deployments.sandbox.aws_server.cloudformation.intrinsics import LATER, as_text

Names = Mapping[str, str]


@lru_cache(maxsize=512)
def input_of(service: str, operation: str) -> StructureShape:
    """What an operation (`create_vpc`) takes."""
    model = _model(service)
    found = next(name for name in model.operation_names if xform_name(name) == operation)
    shape = model.operation_model(found).input_shape
    return cast(StructureShape, shape)


def member(shape: StructureShape, name: str, names: Names) -> str:
    """The member that a property goes to; empty where there is none."""
    for wanted in (names.get(name, name).lower(), name.lower()):
        for found in shape.members:
            if found.lower() == wanted:
                return found
    return ""


def argument(shape: Shape, value: Any, names: Names) -> Any:
    """A property's value in the form that a shape wants; what it does not have is left out."""
    if value == LATER or isinstance(value, bytes):
        return value
    if isinstance(shape, StructureShape):
        return _structure(shape, value, names)
    if isinstance(shape, ListShape):
        return [argument(shape.member, item, names) for item in _listed(value)]
    if isinstance(shape, MapShape):
        return {str(key): argument(shape.value, item, names) for key, item in _mapped(value).items()}
    convert: Callable[[Any], Any] = _PLAIN.get(str(shape.type_name), _text)
    return convert(value)


def unknown(shape: Shape, value: Any, names: Names, path: str) -> Iterator[str]:
    """The paths inside of a property that a shape has no place for."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for key, item in value.items():
            found, inside = member(shape, key, names), f"{path}/{key}"
            yield from unknown(shape.members[found], item, names, inside) if found else [inside]
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            yield from unknown(shape.member, item, names, path)
    elif (items := _counted(shape)) and isinstance(value, list):
        yield from unknown(items, value, names, path)


def _structure(shape: StructureShape, value: Any, names: Names) -> Any:
    if (items := _counted(shape)) and isinstance(value, list):
        return {"Quantity": len(value), "Items": argument(items, value, names)}
    if not isinstance(value, Mapping):
        return value
    placed = {member(shape, key, names): item for key, item in value.items()}
    return {key: argument(shape.members[key], item, names) for key, item in placed.items() if key}


def _counted(shape: Shape) -> Shape | None:
    """The items of one of CloudFront's lists, which have their length with them; None for any other shape."""
    members = shape.members if isinstance(shape, StructureShape) else {}
    return members["Items"] if {"Quantity", "Items"} <= members.keys() else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _mapped(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {item["Key"]: item["Value"] for item in value}


def _text(value: Any) -> str:
    structured = isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(i, dict | list) for i in value)
    )
    return json.dumps(value) if structured else as_text(value)


def _number(value: Any) -> Any:
    return float(value) if "." in str(value) else int(value)


_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "boolean": lambda value: as_text(value).lower() == "true",
    "integer": _number,
    "long": _number,
    "double": float,
    "float": float,
    "blob": lambda value: _text(value).encode(),
}


@lru_cache(maxsize=64)
def _model(service: str) -> Any:
    return _session().get_service_model(service)


@lru_cache(maxsize=1)
def _session() -> Any:
    return botocore.session.Session()
