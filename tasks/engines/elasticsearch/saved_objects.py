"""Saved objects of Kibana and OpenSearch Dashboards: data views, searches, visualizations, dashboards. Pure.

Some attributes are JSON in strings (`panelsJSON`, `searchSourceJSON`), which the server rewrites.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.engines.elasticsearch.addresses import SAVED_OBJECT, Address, Body

_DATA_VIEWS = frozenset({"index-pattern", "data-view"})


def parsed(text: str, where: str) -> list[tuple[str, Body]]:
    """Return the objects of an export (NDJSON), each with its name: "dashboard/shop".

    Raises:
        InvalidInput: a line is not a saved object.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            written = json.loads(line) if line.strip() else None
        except ValueError as error:
            raise InvalidInput(f"{where}:{number}: is not valid JSON: {error}") from error
        # The last line of an export counts its objects.
        if written is None or (isinstance(written, Mapping) and "exportedCount" in written):
            continue
        if not _is_saved_object(written):
            raise InvalidInput(f"{where}:{number}: is not a saved object: it needs type, id and attributes")
        found.append((f"{written['type']}/{written['id']}", written))
    return found


def form(body: Body) -> dict[str, Any]:
    """Return the form of a saved object: its attributes and references, without what the server adds."""
    references = sorted((dict(each) for each in body.get("references") or ()), key=lambda each: str(each.get("name")))
    return {"attributes": _read(body.get("attributes") or {}), "references": references}


def sent(body: Body) -> dict[str, Any]:
    """Return a saved object as an import accepts it; version attributes say in which format it was exported."""
    of_server = ("updated_at", "created_at", "updated_by", "created_by", "version", "namespaces", "managed", "sort")
    return {key: item for key, item in body.items() if key not in of_server}


def parts(address: Address) -> tuple[str, str]:
    """Return the type and the id of a saved object."""
    kind, _, name = address.name.partition("/")
    return kind, name


def in_order(objects: Mapping[Address, Body]) -> list[Address]:
    """Return the objects in an order in which each comes after those that it refers to."""
    done: list[Address] = []

    def add(address: Address, above: frozenset[Address]) -> None:
        for other in references(objects[address]):
            if other in objects and other not in above:
                add(other, above | {other})
        if address not in done:
            done.append(address)

    for address in sorted(objects):
        add(address, frozenset({address}))
    return done


def references(body: Body) -> list[Address]:
    """Return the objects that a saved object refers to."""
    return [Address(SAVED_OBJECT, f"{each['type']}/{each['id']}") for each in body.get("references") or ()]


def data_views(objects: Mapping[Address, Body]) -> Iterable[tuple[Address, list[str]]]:
    """Yield the data views among the objects, each with its index patterns."""
    for address, body in objects.items():
        if address.kind == SAVED_OBJECT and parts(address)[0] in _DATA_VIEWS:
            title = str((body.get("attributes") or {}).get("title") or "")
            yield address, [each.strip() for each in title.split(",") if each.strip()]


def _is_saved_object(written: Any) -> bool:
    if not isinstance(written, Mapping) or not isinstance(written.get("attributes"), Mapping):
        return False
    others = written.get("references") or []
    named = [written, *others] if isinstance(others, list) else []
    return bool(named) and all(isinstance(each, Mapping) and each.get("type") and each.get("id") for each in named)


def _read(value: Any) -> Any:
    """Return a value in which JSON in strings is parsed."""
    if isinstance(value, Mapping):
        return {key: _read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item) for item in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return _read(json.loads(value))
        except ValueError:
            return value
    return value
