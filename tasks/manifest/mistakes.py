"""Defines mistakes in a file that a person wrote, and combines them into one error.

A person who corrects a file needs every mistake at once, with its location and the correction. So readers and rules
yield `Mistake`s instead of raising at the first one. `refuse` raises if there are any.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tasks.domain.errors import InvalidInput

CLOSE = 0.65
"""The similarity (difflib's ratio) from which a name counts as a misspelling of another: asw and aws are close."""

Key = tuple[str | int, ...]
"""A location in a document: ("units", "database", "checks", 0, "kind")."""


@dataclass(frozen=True)
class Mistake:
    """A mistake at `key`. The message says what is wrong and what would be right."""

    key: Key
    message: str

    def below(self, key: Key) -> Mistake:
        """Return the same mistake, located in the document that contains this part at `key`."""
        return Mistake((*key, *self.key), self.message)


@dataclass(frozen=True)
class Document:
    """A file's content as plain data.

    `lines` has the line of every key; `mistakes` are those found while reading it.
    """

    name: str
    data: Any
    lines: Mapping[Key, int]
    mistakes: tuple[Mistake, ...] = ()

    def line(self, key: Key) -> int:
        """Return the line of `key`, or of its closest ancestor that is in the document."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)


def refuse(document: Document, mistakes: Iterable[Mistake]) -> None:
    """Raise one error for all mistakes; do nothing if there are none.

    Raises:
        InvalidInput: names every mistake, from top to bottom.
    """
    found = sorted({(document.line(m.key), written(m.key), m.message) for m in mistakes})
    if not found:
        return
    lines = [f"{document.name}:{line}: {f'{key}: ' if key else ''}{message}" for line, key, message in found]
    heading = [f"{document.name} has {len(lines)} mistakes; correct them and try again:"]
    raise InvalidInput("\n".join([*(heading if len(lines) > 1 else ()), *lines]))


def day(text: str) -> date | None:
    """Return the day that is written as YYYY-MM-DD; None if there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def no_day(key: Key, text: str) -> Mistake:
    """Return the mistake that the text at `key` is not a day of the calendar."""
    return Mistake(key, f"there is no day {text}: write YYYY-MM-DD")


def written(key: Key) -> str:
    """Return `key` as people write it: units.database.checks[0].kind."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in key)
    return "".join(steps).removeprefix(".")


def shown(value: Any) -> str:
    """Return `value` as it could be written in the file, short enough for a message."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def not_among(value: Any, what: str, allowed: Iterable[str]) -> str:
    """Return the message that `value` is not `what` ("an engine"), with the closest and all `allowed` names."""
    names = tuple(allowed)
    return f"{shown(value)} is not {what}.{did_you_mean(value, names)} {any_of(names)}"


def did_you_mean(value: Any, allowed: Iterable[str]) -> str:
    """Return a hint at the allowed name that begins with this value or is spelled almost like it, or ""."""
    text, names = str(value).lower(), list(allowed)
    longer = [name for name in names if len(text) > 2 and name.startswith(text)]
    close = longer or difflib.get_close_matches(text, names, n=1, cutoff=CLOSE)
    return f" Did you mean {close[0]!r}?" if close else ""


def any_of(names: Iterable[str]) -> str:
    """Return the sentence that lists the allowed names."""
    return f"Allowed: {', '.join(names) or 'nothing'}"
