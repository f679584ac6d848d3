"""Expressions in the Common Expression Language: of policies, and of the rules in custom resources' schemas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any


class Failed(Exception):
    """An expression has no value."""


def value(expression: str, names: Mapping[str, Any]) -> Any:
    """What an expression evaluates to, given what its names stand for."""
    needed = {name: found for name, found in names.items() if name in expression}
    try:
        return _compiled(expression).execute(needed)
    except (TypeError, ValueError, RuntimeError, KeyError) as error:
        raise Failed(f"expression '{expression}' resulted in error: {error}") from error


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Any:
    # The import takes a second: a cluster without expressions does not need it.
    import cel

    return cel.compile(expression)
