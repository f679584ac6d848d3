"""Limits the size of texts that are read, so that a small file cannot exhaust the memory.

YAML aliases let 1 KB of text expand to gigabytes when its values are walked. Deep nesting overflows a recursive
reader. This module detects both from the parser's events, before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import yaml

SIZE = 16 * 1024 * 1024
"""Maximum number of characters of one text. Texts that people write have less than one percent of that."""

DEPTH = 100
"""Maximum nesting of lists and mappings."""

ALIASED = 50_000
"""Maximum number of values that aliases may add to those that are written."""

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


class TooLarge(yaml.YAMLError, ValueError):
    """Raised for a text that would cost too much to read."""


@dataclass
class _Collection:
    """A list or mapping that is still open: its number of values and its depth."""

    anchor: str | None
    values: int = 1
    depth: int = 1


def refuse_large_yaml(text: str) -> None:
    """Reject a YAML text that is too long, nested too deeply, or expands too much through aliases.

    A text that is not valid YAML passes: its reader reports what is wrong.

    Raises:
        TooLarge: the text exceeds `SIZE`, `DEPTH` or `ALIASED`.
    """
    _refuse_long(text)
    with suppress(yaml.reader.ReaderError, yaml.scanner.ScannerError, yaml.parser.ParserError):
        _follow(yaml.parse(text, Loader=yaml.CSafeLoader))


def refuse_large_json(text: str) -> None:
    """Reject a JSON text that is too long or nested too deeply.

    Raises:
        TooLarge: the text exceeds `SIZE` or `DEPTH`.
    """
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
