"""The real provider's schema, read from `schema.json.gz`: which arguments, blocks and attributes a type has.

The data says what a configuration may contain. What it does not say (which arguments AWS fills in, which ones force a
replacement, their defaults) is declared beside the code that implements them: see `declare.py`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA_FILE = Path(__file__).with_name("schema.json.gz")

_AS_TERRAFORM = {"stringMapMap": "map(map(string))", "EphemeralAwsSecrets.SecretPropertyList": "dynamic"}
"""Types that the data spells as the bindings do that it was made from."""


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


class Types(Mapping[str, SchemaBlock]):
    """All types of one kind, each parsed when it is first asked for: there are 2,400, and a root has twenty."""

    def __init__(self, specs: Mapping[str, Any]) -> None:
        self._specs = specs
        self._parsed: dict[str, SchemaBlock] = {}

    def __getitem__(self, name: str) -> SchemaBlock:
        if name not in self._parsed:
            spec = self._specs[name]
            self._parsed[name] = _block(spec["arguments"], tuple(spec["attributes"]))
        return self._parsed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def __contains__(self, name: object) -> bool:
        return name in self._specs


@dataclass(frozen=True)
class Catalog:
    """The types of hashicorp/aws, emulated or not."""

    source: str
    resources: Types
    data_sources: Types


@cache
def catalog() -> Catalog:
    """The data file, read once."""
    data = json.loads(gzip.decompress(DATA_FILE.read_bytes()))
    # The data lists the provider block as one more resource.
    resources = {name: spec for name, spec in data["resources"].items() if name != "aws"}
    return Catalog(data["source"], Types(resources), Types(data["data_sources"]))


def _block(entries: Mapping[str, Any], attributes: tuple[str, ...] = ()) -> SchemaBlock:
    nested = {name: entry for name, entry in entries.items() if _is_block(name, entry)}
    return SchemaBlock(
        arguments={n: Argument(_notation(e), e["required"]) for n, e in entries.items() if n not in nested},
        blocks={name: _nested(entry) for name, entry in nested.items()},
        attributes=attributes,
    )


def _is_block(name: str, entry: Mapping[str, Any]) -> bool:
    # The data calls everything that has a structure a block. Where the provider has one of it or a map, it is
    # written as an attribute; only `timeouts` is a single block.
    return entry.get("kind") == "block" and (entry["nesting"] in ("list", "set") or name == "timeouts")


def _notation(entry: Mapping[str, Any]) -> str:
    if entry.get("kind") == "block":
        inner = ",".join(f"{name}={_notation(part)}" for name, part in entry["attributes"].items())
        return f"map(object({inner}))" if entry["nesting"] == "map" else f"object({inner})"
    return str(_AS_TERRAFORM.get(entry["type"], entry["type"]))


def _nested(entry: Mapping[str, Any]) -> Nested:
    most, block = 1 if entry["max_items_1"] else 0, _block(entry["attributes"])
    # Terraform has no set of what is of any type.
    nesting = "list" if any(each.type == "dynamic" for each in block.arguments.values()) else entry["nesting"]
    return Nested(nesting, entry["required"], most, block)


def wire_type(notation: str) -> bytes:
    """Terraform's JSON notation of a type: `set(string)` is `["set","string"]`.

    Objects are written `object(name=string,...)`.
    """
    return json.dumps(_wire(notation), separators=(",", ":")).encode()


def _wire(notation: str) -> Any:
    kind, opened, inner = notation.partition("(")
    if not opened:
        return kind
    if kind != "object":
        return [kind, _wire(inner[:-1])]
    fields = (field.partition("=") for field in _fields(inner[:-1]))
    return [kind, {name: _wire(type_) for name, _, type_ in fields}]


def _fields(text: str) -> Iterator[str]:
    depth = start = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            yield text[start:place]
            start = place + 1
    if text:
        yield text[start:]
