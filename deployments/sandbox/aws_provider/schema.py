"""The real provider's schema, read from `schema.json.gz`: which arguments, blocks and attributes a type has.

The data says what a configuration may contain. What it does not say (which arguments AWS fills in, which ones force a
replacement, their defaults) is declared beside the code that implements them: see `declare.py`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA_FILE = Path(__file__).with_name("schema.json.gz")


@dataclass(frozen=True)
class Argument:
    """An argument, `name = value`. `type` is in Terraform's notation: "set(string)"."""

    type: str
    required: bool


@dataclass(frozen=True)
class SchemaBlock:
    """The content of a resource or of a nested block. `attributes` are read-only."""

    arguments: Mapping[str, Argument]
    blocks: Mapping[str, Nested]
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Nested:
    """A nested block. `nesting` is "list", "set" or "single"; `most` is 0 if there is no limit."""

    nesting: str
    required: bool
    most: int
    block: SchemaBlock


@dataclass(frozen=True)
class Catalog:
    """The types of hashicorp/aws: emulated ones in full, all others by name."""

    source: str
    resources: Mapping[str, SchemaBlock]
    data_sources: Mapping[str, SchemaBlock]
    known_resources: frozenset[str]
    known_data_sources: frozenset[str]


@cache
def catalog() -> Catalog:
    """The data file, parsed once."""
    data = json.loads(gzip.decompress(DATA_FILE.read_bytes()))
    return Catalog(
        source=data["source"],
        resources={name: parse(spec) for name, spec in data["resources"].items()},
        data_sources={name: parse(spec) for name, spec in data["data_sources"].items()},
        known_resources=frozenset(data["known"]["resources"]),
        known_data_sources=frozenset(data["known"]["data_sources"]),
    )


def parse(spec: Mapping[str, Any]) -> SchemaBlock:
    """Parse one type's entry in the data file."""
    return _block(spec["arguments"], tuple(spec["attributes"]))


def _block(entries: Mapping[str, Any], attributes: tuple[str, ...] = ()) -> SchemaBlock:
    nested = {name: entry for name, entry in entries.items() if entry.get("kind") == "block"}
    return SchemaBlock(
        arguments={n: Argument(e["type"], e["required"]) for n, e in entries.items() if n not in nested},
        blocks={name: _nested(entry) for name, entry in nested.items()},
        attributes=attributes,
    )


def _nested(entry: Mapping[str, Any]) -> Nested:
    most = 1 if entry["max_items_1"] else 0
    return Nested(entry["nesting"], entry["required"], most, _block(entry["attributes"]))


def wire_type(notation: str) -> bytes:
    """Terraform's JSON notation of a type: `set(string)` is `["set","string"]`.

    Objects are written `object(name=string,...)`; only flat ones occur.
    """
    return json.dumps(_wire(notation), separators=(",", ":")).encode()


def _wire(notation: str) -> Any:
    kind, opened, inner = notation.partition("(")
    if not opened:
        return kind
    if kind != "object":
        return [kind, _wire(inner[:-1])]
    fields = (field.split("=") for field in inner[:-1].split(","))
    return [kind, {name: _wire(type_) for name, type_ in fields}]
