"""Describes the events of the ledger, from their classes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields

from tasks.domain.events import KINDS, Event
from tasks.reports.artifacts import table

_INTRODUCTION = """# Events of the ledger

The kinds of [ledger entries](../ledger.md#entries), and the fields of each one's `body`. Types are Python's;
`Mapping` is an object and `tuple` a list in JSON. A field with a default may be missing in older entries."""


def page() -> str:
    """Return the page as Markdown."""
    return "\n\n".join([_INTRODUCTION, *(_event(kind, KINDS[kind]) for kind in sorted(KINDS))])


def _event(kind: str, event: type[Event]) -> str:
    about = "\n".join(inspect.cleandoc(event.__doc__ or "").splitlines())
    return f"## {kind}\n\n{about}\n\nVersion {event.version}.\n\n" + table(
        ("field", "type", "default"), [*_rows(event)]
    )


def _rows(event: type[Event]) -> Iterator[tuple[str, str, str]]:
    for field in fields(event):
        yield f"`{field.name}`", f"`{field.type}`", _default(field)


def _default(field: Field[object]) -> str:
    if field.default is not MISSING:
        return f"`{field.default!r}`"
    return "required" if field.default_factory is MISSING else "empty"
