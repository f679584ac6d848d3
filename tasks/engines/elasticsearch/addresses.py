"""The objects of a unit: what kind, and which name. Pure."""

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
"""In this order objects are applied, each after what it refers to; they are removed in the reverse of it."""


@dataclass(frozen=True, order=True)
class Address:
    """One object: `kind` is one of ORDER."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def parsed(written: str) -> Address:
    """The address of its text."""
    return Address(*written.split("/", 1))


def ordered(addresses: Iterable[Address]) -> list[Address]:
    """In the order in which they are applied."""
    return sorted(addresses, key=lambda each: (ORDER.index(each.kind), each.name))
