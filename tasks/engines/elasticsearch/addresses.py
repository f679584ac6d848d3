"""Addresses of a unit's objects: kind and name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]

ILM, ISM = "ilm-policy", "ism-policy"
COMPONENT, PIPELINE, TEMPLATE = "component-template", "ingest-pipeline", "index-template"
SAVED_OBJECT = "saved-object"
STREAM = "data-stream"

ORDER = (ILM, ISM, COMPONENT, PIPELINE, TEMPLATE, SAVED_OBJECT)
"""The order in which objects are applied, each after those it refers to; they are removed in reverse order."""


@dataclass(frozen=True, order=True)
class Address:
    """One object; `kind` is one of `ORDER`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def parsed(written: str) -> Address:
    """Return the address that a string names."""
    return Address(*written.split("/", 1))


def ordered(addresses: Iterable[Address]) -> list[Address]:
    """Return the addresses in the order in which they are applied."""
    return sorted(addresses, key=lambda each: (ORDER.index(each.kind), each.name))
