"""Format a list of objects as a Table (meta.k8s.io/v1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deployments.sandbox.kubernetes.objects import at
from deployments.sandbox.kubernetes.printing.ages import since
from deployments.sandbox.kubernetes.printing.columns import COLUMNS, WIDE, Column
from deployments.sandbox.kubernetes.resources import Object, Resource

_META = "meta.k8s.io/v1"


def table(resource: Resource, items: Sequence[Object], meta: Object, include_object: str = "Metadata") -> Object:
    """Return a table of objects.

    Args:
        resource: The objects' kind.
        items: The objects, in the stored version.
        meta: The list's metadata.
        include_object: What each row includes besides its cells: None, Metadata or Object.
    """
    columns = _columns(resource)
    return {
        "kind": "Table",
        "apiVersion": _META,
        "metadata": meta,
        "columnDefinitions": [_definition(column) for column in columns],
        "rows": [_row(columns, item, include_object) for item in items],
    }


def _definition(column: Column) -> Object:
    form = "name" if column.name == "Name" else ""
    priority = 1 if column.wide else 0
    kind = "integer" if column.number else "string"
    return {"name": column.name, "type": kind, "format": form, "description": column.name, "priority": priority}


def _row(columns: Sequence[Column], item: Object, include_object: str) -> Object:
    row: Object = {"cells": [column.value(item) for column in columns]}
    if include_object == "Object":
        row["object"] = item
    elif include_object != "None":
        row["object"] = {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": item["metadata"]}
    return row


def _columns(resource: Resource) -> Sequence[Column]:
    if resource.custom:
        return [_NAME, *(_custom(column) for column in resource.columns or _JUST_AGE)]
    if resource.kind == "Event":
        return [*COLUMNS["Event"], replace(_NAME, wide=True)]
    return [_NAME, *COLUMNS.get(resource.kind, ()), _AGE, *WIDE.get(resource.kind, ())]


_NAME = Column("Name", lambda item: item["metadata"]["name"])
_AGE = Column("Age", lambda item: since(item["metadata"].get("creationTimestamp")))
_JUST_AGE = ({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},)


def _custom(column: Object) -> Column:
    """Return a column of a custom resource definition. Only plain field names are supported as JSONPath."""
    path = str(column["jsonPath"]).lstrip(".")

    def value(item: Object) -> Any:
        found = at(item, path, "")
        return since(found) if column.get("type") == "date" else found

    return Column(column["name"], value, wide=bool(column.get("priority")), number=column.get("type") == "integer")
