"""Resolves `{unit.output}` in a unit's inputs to outputs of the units that it needs. Pure.

A text that consists of one reference becomes the output itself, so a number stays a number and a list a list.
Sensitive outputs cannot be referenced: pass a reference to the secret (its ARN, its name) instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.domain.errors import InvalidInput
from tasks.domain.values import MASK, texts

# As in the manifest, ${x}, {{x}} and {"json": 1} are not references but other syntax.
_REFERENCE = re.compile(r"(?<![{$])\{([a-z][a-z0-9-]*)\.([A-Za-z0-9_-]+)\}(?!\})")

Upstream = Mapping[str, Mapping[str, Any] | None]


def fill(values: Any, upstream: Upstream) -> Any:
    """Return `values` with every `{unit.output}` replaced, in all nested texts.

    Args:
        values: a text, mapping or list; anything else is returned as it is.
        upstream: {unit: {output: value}}.

    Raises:
        InvalidInput: a reference leads to nothing or to a secret. The message names the unit, the output and the
            outputs that exist.
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
    """Yield every (unit, output) that `values` refers to."""
    return (found for text in texts(values) for found in _REFERENCE.findall(text))


def sources(values: Any) -> frozenset[str]:
    """Return the units that `values` refers to."""
    return frozenset(unit for unit, _ in references(values))


def alone(value: Any) -> tuple[str, str] | None:
    """Return the (unit, output) of a value that consists of one reference, else None."""
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return (found[1], found[2]) if found else None


def kind_of(value: Any) -> str:
    """Return the kind of a value: "string", "number", "bool", "list" or "map"."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, Mapping):
        return "map"
    return "list" if isinstance(value, list | tuple) else "string"


def fits(given: str, wanted: str) -> bool:
    """Tell whether a value of kind `given` is accepted for kind `wanted`.

    Every tool reads numbers and bools as text too.
    """
    return "any" in (given, wanted) or given == wanted or (wanted == "string" and given in ("number", "bool"))


def refuse_unfit(values: Mapping[str, Any], accepts: Mapping[str, str] | None, unit: str) -> None:
    """Check that each input has the kind that its unit takes.

    Raises:
        InvalidInput: names the first input of another kind.
    """
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
