"""Reads the real provider's schema from `schema.json.gz`: the arguments, blocks and attributes of each type.

The file says what a configuration may contain. It does not say which arguments AWS fills in, which ones force a
replacement, or what their defaults are. These are declared beside the code that implements them: see `declare.py`.
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
"""{type in the file: Terraform's notation}. The file keeps some names of the bindings that it was made from."""


@dataclass(frozen=True)
class Argument:
    """An argument, `name = value`. `type` is in Terraform's notation: "set(string)"."""

    type: str
    required: bool


@dataclass(frozen=True)
class SchemaBlock:
    """The content of a resource or of a nested block. `attributes` names those that are read-only."""

    arguments: Mapping[str, Argument]
    blocks: Mapping[str, Nested]
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Nested:
    """A nested block. `nesting` is "list", "set" or "single"; `most` is their largest number, 0 for no limit."""

    nesting: str
    required: bool
    most: int
    block: SchemaBlock


class Types(Mapping[str, SchemaBlock]):
    """All types of one kind, each parsed on first use: there are 2,400, and a root module uses about twenty."""

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
    """All types of hashicorp/aws, emulated or not."""

    source: str
    resources: Types
    data_sources: Types


@cache
def catalog() -> Catalog:
    """Return the content of the data file, which is read only once."""
    data = json.loads(gzip.decompress(DATA_FILE.read_bytes()))
    # The file lists the provider block as if it were a resource.
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
    # The file calls everything with a structure a block. A single structure, or a map of them, is an attribute in
    # the provider's HCL; only `timeouts` is a single block.
    return entry.get("kind") == "block" and (entry["nesting"] in ("list", "set") or name == "timeouts")


def _notation(entry: Mapping[str, Any]) -> str:
    if entry.get("kind") == "block":
        inner = ",".join(f"{name}={_notation(part)}" for name, part in entry["attributes"].items())
        return f"map(object({inner}))" if entry["nesting"] == "map" else f"object({inner})"
    return str(_AS_TERRAFORM.get(entry["type"], entry["type"]))


def _nested(entry: Mapping[str, Any]) -> Nested:
    most, block = 1 if entry["max_items_1"] else 0, _block(entry["attributes"])
    # Terraform allows no set whose elements have a dynamic type.
    nesting = "list" if any(each.type == "dynamic" for each in block.arguments.values()) else entry["nesting"]
    return Nested(nesting, entry["required"], most, block)


def wire_type(notation: str) -> bytes:
    """Return Terraform's JSON notation of a type: for `set(string)` it is `["set","string"]`.

    Args:
        notation: the type in Terraform's notation. Objects are written `object(name=string,...)`.
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
