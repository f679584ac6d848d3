"""Converts between Terraform's names and the API's: `volume_size` is `VolumeSize`, a single block is a dictionary.

This is enough for blocks that differ in nothing else. Their resources handle all other differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.sandbox.aws_provider.declare import Shape
from deployments.sandbox.aws_provider.values import Values

_BOOLEANS = {"true": True, "false": False}


def api_name(name: str, odd: Mapping[str, str]) -> str:
    """Return the API's name of an argument. `odd` has the names that do not follow the rule."""
    return odd.get(name) or "".join(part.capitalize() for part in name.split("_"))


def to_api(shape: Shape, values: Values, odd: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Convert the values that are set to the API's form. The strings "true" and "false" become booleans.

    Args:
        shape: the shape of the type or block.
        values: its values.
        odd: {argument: its name in the API}, for names that do not follow the rule.
    """
    odd = odd or {}
    answer: dict[str, Any] = {}
    for name in shape.fields:
        if values.get(name) not in (None, "", [], {}):
            answer[api_name(name, odd)] = (
                _BOOLEANS.get(values[name], values[name]) if _is_text(values[name]) else values[name]
            )
    for name, block in shape.blocks.items():
        parts = [to_api(block.shape, element, odd) for element in values.get(name) or []]
        if parts:
            answer[api_name(name, odd)] = parts[0] if block.most == 1 else parts
    return answer


def from_api(shape: Shape, answer: Mapping[str, Any], odd: Mapping[str, str] | None = None) -> Values:
    """Convert a response to Terraform's form. Values that the response does not have are left out.

    Args:
        shape: the shape of the type or block.
        answer: the response.
        odd: {argument: its name in the API}, for names that do not follow the rule.
    """
    odd = odd or {}
    values: Values = {}
    for name, spec in shape.fields.items():
        if api_name(name, odd) in answer:
            found = answer[api_name(name, odd)]
            values[name] = str(found).lower() if spec.type == "string" and isinstance(found, bool) else found
    for name, block in shape.blocks.items():
        found = answer.get(api_name(name, odd)) or []
        parts = [found] if isinstance(found, Mapping) else found
        values[name] = [from_api(block.shape, part, odd) for part in parts]
    return values


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
