"""The real provider's schema, read from `schema.json.gz`: which arguments, blocks and attributes a type has.

The data says what may be written. What it does not say (which arguments the cloud fills in, which ones force a
replacement, their defaults) is declared beside the code that carries them out: see `declare.py`.
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
    """What may be written as `name = value`. `type` is Terraform's notation: "set(string)"."""

    type: str
    required: bool


@dataclass(frozen=True)
class Block:
    """What may be written between braces: of a resource, or of a block inside it."""

    arguments: Mapping[str, Argument]
    blocks: Mapping[str, Nested]
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Nested:
    """A block inside a block. `nesting` is list, set or single; `most` is 0 where there is no limit."""

    nesting: str
    required: bool
    most: int
    block: Block


@dataclass(frozen=True)
class Catalog:
    """Everything that is known of hashicorp/aws: emulated types in full, all others by name."""

    source: str
    resources: Mapping[str, Block]
    data_sources: Mapping[str, Block]
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


def parse(spec: Mapping[str, Any]) -> Block:
    """One type's entry of the data file."""
    return _block(spec["arguments"], tuple(spec["attributes"]))


def _block(entries: Mapping[str, Any], attributes: tuple[str, ...] = ()) -> Block:
    nested = {name: entry for name, entry in entries.items() if entry.get("kind") == "block"}
    return Block(
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
