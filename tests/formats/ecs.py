"""Holds documents and mappings against all fields of the Elastic Common Schema."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FIELDS = Path(__file__).parents[1] / "golden/logs/ecs-9.4.0.json.gz"
_TEXTS = ("keyword", "wildcard", "match_only_text", "text", "date", "ip", "constant_keyword", "version")


@cache
def fields() -> Mapping[str, Mapping[str, Any]]:
    """{name: type, allowed values} of every field."""
    return json.loads(gzip.decompress(_FIELDS.read_bytes()))


def leaves(document: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a document with its value."""
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def mistakes(document: Mapping[str, Any]) -> list[str]:
    """What is wrong in a document, by the schema. `labels.*` and `flowmart.*` may be called anything."""
    return [
        *(wrong for name, value in leaves(document) for wrong in _mistakes(name, value)),
        *_unexpected(document.get("event", {})),
    ]


def _mistakes(name: str, value: Any) -> Iterator[str]:
    if name.startswith("flowmart."):
        return
    known = {"type": "keyword"} if name.startswith("labels.") else fields().get(name)
    if known is None:
        yield f"{name} is no field"
        return
    if isinstance(value, list) != bool(known.get("array")):
        yield f"{name} must {'' if known.get('array') else 'not '}be an array"
    yield from (f"{name} cannot be {item!r}" for item in _listed(value) if not _fits(item, known))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _fits(item: Any, known: Mapping[str, Any]) -> bool:
    right = isinstance(item, str if known["type"] in _TEXTS else int) and not isinstance(item, bool)
    return right and item in known.get("allowed", (item,))


def _unexpected(event: Mapping[str, Any]) -> Iterator[str]:
    expected = fields()["event.category"]["expected"]
    for category in event.get("category", ()):
        for each in event.get("type", ()):
            if each not in expected.get(category, ()):
                yield f"event.type {each} does not go with {category}"
