"""Gives lines to the shipper once more that the cluster lacks: in a new file of the log folder, as they were.

Their ids stay the same, so a line that was only late is there once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasks.logs.files import Writer, in_folder

TIMES = 3
"""How often a line is offered: one that the server refuses would be refused for ever."""

LATE = 60.0
"""Seconds within which a line may still be on its way."""


@dataclass(frozen=True)
class Kept:
    """A line of the log folder, and how often it is there."""

    line: bytes
    times: int


def lines(folder: Path, since: float, now: float) -> dict[str, Kept]:
    """{`event.id`: the line} of what was logged since a moment and is not on its way any more.

    Args:
        folder: the log folder.
        since, now: seconds since 1970.
    """
    first, last = (datetime.fromtimestamp(moment, UTC).isoformat() for moment in (since, now - LATE))
    found: dict[str, bytes] = {}
    times: Counter[str] = Counter()
    for file in in_folder(folder):
        if file.ended < since:
            continue
        for line, identity, moment in _lines(file.path):
            if first <= moment <= last:
                found[identity] = line
                times[identity] += 1
    return {identity: Kept(line, times[identity]) for identity, line in found.items()}


def offer(folder: Path, kept: Mapping[str, Kept], missing: Collection[str]) -> list[str]:
    """Write those that are missing into a new file, unless they were offered `TIMES` times; their ids.

    Raises:
        OSError: they cannot be written.
    """
    offered = [identity for identity, each in kept.items() if identity in missing and each.times <= TIMES]
    writer = Writer(folder)
    for identity in offered:
        writer.write(kept[identity].line)
    writer.close()
    return offered


def _lines(path: Path) -> Iterator[tuple[bytes, str, str]]:
    """Each line of a file, its id and its time."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    for line in content.splitlines(keepends=True):
        try:
            document = json.loads(line)
            yield line, document["event"]["id"], document["@timestamp"]
        except (ValueError, KeyError, TypeError):
            # Half a line, of a process that was killed.
            continue
