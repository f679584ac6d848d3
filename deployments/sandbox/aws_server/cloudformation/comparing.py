"""Compares the properties that a template declares with a service's response, whatever their spelling. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text


def is_within(declared: Any, found: Any, names: Mapping[str, str]) -> bool:
    """Tell whether a response contains everything that is declared. It may have more, and keys in another case.

    Args:
        declared: a property of a template.
        found: the same property in the service's response.
        names: {property: the service's name for it}, where they differ by more than upper and lower case.
    """
    if isinstance(declared, Mapping):
        there = _read(found)
        if not isinstance(there, Mapping):
            return False
        lowered = {str(key).lower(): value for key, value in there.items()}
        keys = {key: names.get(key, key).lower() for key in declared}
        return all(keys[key] in lowered and is_within(declared[key], lowered[keys[key]], names) for key in declared)
    if isinstance(declared, list):
        return isinstance(found, list) and all(any(is_within(d, f, names) for f in found) for d in declared)
    return as_text(declared).lower() == as_text(found).lower()


def _read(found: Any) -> Any:
    """Return the parsed document if the service returns it as JSON text, else the value itself."""
    try:
        return json.loads(found) if isinstance(found, str) else found
    except ValueError:
        return found
