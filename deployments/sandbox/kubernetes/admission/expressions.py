"""Evaluate the Common Expression Language, for policies and for rules in custom resources' schemas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any


class Failed(Exception):
    """The evaluation of an expression failed."""


def value(expression: str, names: Mapping[str, Any]) -> Any:
    """Evaluate an expression.

    Args:
        expression: The text in CEL.
        names: Values of its variables.

    Raises:
        Failed: The expression is invalid, or its evaluation fails.
    """
    needed = {name: found for name, found in names.items() if name in expression}
    try:
        return _compiled(expression).execute(needed)
    except (TypeError, ValueError, RuntimeError, KeyError) as error:
        raise Failed(f"expression '{expression}' resulted in error: {error}") from error


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Any:
    # The import takes a second, and a cluster without expressions does not need it.
    import cel

    return cel.compile(expression)
