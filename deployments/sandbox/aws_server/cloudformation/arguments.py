"""Converts properties of a template to arguments of a service's call, whose input shape has the names and types.

A property becomes the argument with the same name, ignoring case; `names` has the exceptions.
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
    """Return the input shape of an operation (`create_vpc`)."""
    model = _model(service)
    found = next(name for name in model.operation_names if xform_name(name) == operation)
    shape = model.operation_model(found).input_shape
    return cast(StructureShape, shape)


def member(shape: StructureShape, name: str, names: Names) -> str:
    """Return the member of a shape that a property becomes, or "" if there is none."""
    for wanted in (names.get(name, name).lower(), name.lower()):
        for found in shape.members:
            if found.lower() == wanted:
                return found
    return ""


def argument(shape: Shape, value: Any, names: Names) -> Any:
    """Convert a property's value to the form of a shape. Parts that the shape does not have are left out."""
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
    """Yield the paths inside a property that a shape does not have."""
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
    """Return the items' shape of one of CloudFront's lists, which contain their length; None for any other shape."""
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
