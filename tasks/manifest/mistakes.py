"""Mistakes in a file that a person wrote, and the one error that names all of them.

A person who corrects a file wants every mistake at once, where it is and what would be right. So nothing here
raises at the first one: readers and rules yield `Mistake`s, and `refuse` raises when there are any.
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
"""How alike two names are (difflib's ratio) when one may be the other, misspelt: asw and aws are."""

Key = tuple[str | int, ...]
"""Where something is in a document: ("units", "database", "checks", 0, "kind")."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong at `key`, and what would be right."""

    key: Key
    message: str

    def below(self, key: Key) -> Mistake:
        """The same mistake, seen from the document that holds this part at `key`."""
        return Mistake((*key, *self.key), self.message)


@dataclass(frozen=True)
class Document:
    """A file's content as plain data. `lines` has the line of every key; `mistakes` what reading it found."""

    name: str
    data: Any
    lines: Mapping[Key, int]
    mistakes: tuple[Mistake, ...] = ()

    def line(self, key: Key) -> int:
        """The line of `key`, or of the closest thing around it that is there."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)


def refuse(document: Document, mistakes: Iterable[Mistake]) -> None:
    """Raise `InvalidInput` that names every mistake, top to bottom; return when there is none."""
    found = sorted({(document.line(m.key), written(m.key), m.message) for m in mistakes})
    if not found:
        return
    told = [f"{document.name}:{line}: {f'{key}: ' if key else ''}{message}" for line, key, message in found]
    heading = [f"{document.name} has {len(told)} mistakes; correct them and try again:"]
    raise InvalidInput("\n".join([*(heading if len(told) > 1 else ()), *told]))


def day(text: str) -> date | None:
    """The day that is written as YYYY-MM-DD; None where there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def no_day(key: Key, text: str) -> Mistake:
    """That what is written at `key` is no day of the calendar."""
    return Mistake(key, f"there is no day {text}: write YYYY-MM-DD")


def written(key: Key) -> str:
    """`key` the way people write it: units.database.checks[0].kind."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in key)
    return "".join(steps).removeprefix(".")


def shown(value: Any) -> str:
    """`value` as it could stand in the file, short enough for a message."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def not_among(value: Any, what: str, allowed: Iterable[str]) -> str:
    """Says that `value` is not `what` ("an engine"), with the closest and all of the `allowed`."""
    names = tuple(allowed)
    return f"{shown(value)} is not {what}.{did_you_mean(value, names)} {any_of(names)}"


def did_you_mean(value: Any, allowed: Iterable[str]) -> str:
    """A sentence that hints at what of `allowed` is written almost like this or begins with it, or nothing."""
    text, names = str(value).lower(), list(allowed)
    longer = [name for name in names if len(text) > 2 and name.startswith(text)]
    close = longer or difflib.get_close_matches(text, names, n=1, cutoff=CLOSE)
    return f" Did you mean {close[0]!r}?" if close else ""


def any_of(names: Iterable[str]) -> str:
    """The sentence that says which names there are."""
    return f"Allowed: {', '.join(names) or 'nothing'}"
