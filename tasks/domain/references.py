"""Typed edges: `{unit.output}` in a unit's inputs, replaced by what the unit that it needs gave out. Pure.

A text that is one reference and nothing else becomes the output as it is, so that a number stays a number and a list
a list. What is sensitive does not travel: a secret is handed on as the reference to it (its ARN, its name).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.domain.values import MASK, texts

# As in the manifest, ${x}, {{x}} and {"json": 1} belong to somebody else.
_REFERENCE = re.compile(r"(?<![{$])\{([a-z][a-z0-9-]*)\.([A-Za-z0-9_-]+)\}(?!\})")

Upstream = Mapping[str, Mapping[str, Any] | None]


def fill(values: Any, upstream: Upstream) -> Any:
    """`values` with every `{unit.output}` replaced, in all texts inside.

    `InvalidInput` names the unit, the output and what there is, when a reference leads to nothing or to a secret.
    """
    if isinstance(values, str):
        alone = _REFERENCE.fullmatch(values)
        return _output(alone, upstream) if alone else _REFERENCE.sub(lambda r: _as_text(_output(r, upstream)), values)
    if isinstance(values, Mapping):
        return {key: fill(value, upstream) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [fill(value, upstream) for value in values]
    return values


def references(values: Any) -> Iterator[tuple[str, str]]:
    """Every (unit, output) that `values` refers to."""
    return (found for text in texts(values) for found in _REFERENCE.findall(text))


def sources(values: Any) -> frozenset[str]:
    """The units that `values` refers to."""
    return frozenset(unit for unit, _ in references(values))


def alone(value: Any) -> tuple[str, str] | None:
    """The (unit, output) that a value refers to when it is one reference and nothing else."""
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return (found[1], found[2]) if found else None


def kind_of(value: Any) -> str:
    """What a value is, in the words of an interface: "string", "number", "bool", "list" or "map"."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, Mapping):
        return "map"
    return "list" if isinstance(value, list | tuple) else "string"


def fits(given: str, wanted: str) -> bool:
    """Whether a value of one kind can stand for another. Every tool reads a number or a bool as text too."""
    return "any" in (given, wanted) or given == wanted or (wanted == "string" and given in ("number", "bool"))


def refuse_unfit(values: Mapping[str, Any], accepts: Mapping[str, str] | None, unit: str) -> None:
    """`InvalidInput` names the first input that is of another kind than its unit takes."""
    for name, value in values.items():
        wanted = (accepts or {}).get(name, "any")
        if value is not None and not fits(kind_of(value), wanted):
            raise InvalidInput(f"{unit}: inputs.{name}: a {kind_of(value)} where the unit takes a {wanted}")


def _output(reference: re.Match[str], upstream: Upstream) -> Any:
    unit, name = reference.groups()
    if unit not in upstream:
        known = ", ".join(sorted(upstream)) or "none"
        raise InvalidInput(f"inputs: {reference[0]}: {unit} is not among the units that are needed ({known})")
    outputs = upstream[unit] or {}
    if outputs.get(name) is None:
        known = ", ".join(sorted(key for key, value in outputs.items() if value is not None)) or "none"
        raise InvalidInput(f"inputs: {reference[0]}: {unit} has no output {name}; its outputs: {known}")
    if outputs[name] == MASK:
        raise InvalidInput(f"inputs: {reference[0]} is sensitive: hand on where the secret is kept, not the secret")
    return outputs[name]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
