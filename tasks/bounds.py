"""Limits of the texts that are read, so that a small file of somebody else's cannot take all memory.

YAML's aliases make 1 KB mean gigabytes as soon as somebody walks through what was read, and deep nesting ends a
recursive reader. Both are found here from the parser's events, before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import yaml

SIZE = 16 * 1024 * 1024
"""Characters of one text. What people write by hand has less than one percent of that."""

DEPTH = 100
"""Lists and mappings within each other."""

ALIASED = 50_000
"""Values that a text may have in addition to those that are written, by naming them again with aliases."""

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


class TooLarge(yaml.YAMLError, ValueError):
    """A text that would cost too much to read."""


@dataclass
class _Collection:
    """A list or mapping that is open: how many values it has, and how deep it is."""

    anchor: str | None
    values: int = 1
    depth: int = 1


def refuse_large_yaml(text: str) -> None:
    """Raise `TooLarge` for a YAML text that is too long, too deep or grows too much by its aliases.

    A text that is not valid YAML passes: whoever reads it says what is wrong.
    """
    _refuse_long(text)
    with suppress(yaml.reader.ReaderError, yaml.scanner.ScannerError, yaml.parser.ParserError):
        _follow(yaml.parse(text, Loader=yaml.CSafeLoader))


def refuse_large_json(text: str) -> None:
    """Raise `TooLarge` for a JSON text that is too long or too deep."""
    _refuse_long(text)
    depth = 0
    for token in _JSON_TOKEN.finditer(text):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth > DEPTH:
            raise TooLarge(f"is nested too deeply: over {DEPTH} levels; write it flatter")


def _refuse_long(text: str) -> None:
    if len(text) > SIZE:
        raise TooLarge(f"is too long: over {SIZE // 1024**2} million characters; split it up")


def _follow(events: Iterable[yaml.Event]) -> None:
    known: dict[str, _Collection] = {}
    around = [_Collection(None)]
    aliased = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            around.append(_Collection(event.anchor))
            _refuse_deep(len(around))
        elif isinstance(event, yaml.CollectionEndEvent):
            _ended(around, known)
        elif isinstance(event, yaml.AliasEvent) and event.anchor in known:
            found = known[event.anchor]
            aliased += found.values
            _refuse_grown(aliased)
            _refuse_deep(len(around) + found.depth)
            _add(around[-1], found)
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            around[-1].values += 1
        elif isinstance(event, yaml.DocumentStartEvent):
            known.clear()


def _ended(around: list[_Collection], known: dict[str, _Collection]) -> None:
    done = around.pop()
    _add(around[-1], done)
    if done.anchor:
        known[done.anchor] = done


def _add(outer: _Collection, inner: _Collection) -> None:
    outer.values += inner.values
    outer.depth = max(outer.depth, inner.depth + 1)


def _refuse_deep(depth: int) -> None:
    if depth > DEPTH:
        raise TooLarge(f"is nested too deeply: over {DEPTH} levels; write it flatter")


def _refuse_grown(aliased: int) -> None:
    if aliased > ALIASED:
        raise TooLarge(f"grows too much: its aliases stand for over {ALIASED} values; write them out, or fewer")
