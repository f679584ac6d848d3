"""Parses durations in options: `14d`, `36h`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import typer

from tasks.domain.errors import InvalidInput

_WRITTEN = re.compile(r"([1-9]\d{0,3})(h|d)")

Since = Annotated[str, typer.Option(help="How far back: so many hours or days, such as 36h or 14d.")]


def length(written: str) -> timedelta:
    """Return the duration. Raises `InvalidInput` if it is not valid."""
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise InvalidInput(f"--since {written}: write hours or days, such as 36h or 14d")
    return timedelta(**{{"h": "hours", "d": "days"}[found[2]]: int(found[1])})
