"""Whether what a service tells of an object is what a template declares, however each of them spells it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text


def is_within(declared: Any, found: Any, names: Mapping[str, str]) -> bool:
    """Whether all that is declared is found; services tell more than that, and spell keys in other cases.

    Args:
        declared: a property of a template.
        found: the same as the service tells it.
        names: property -> the service's name of it, where they differ by more than the case of letters.
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
    """A document that a service tells as text."""
    try:
        return json.loads(found) if isinstance(found, str) else found
    except ValueError:
        return found
