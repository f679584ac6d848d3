"""Offers lines that the cluster lacks to the shipper again, unchanged, in a new file of the log folder.

Their ids stay the same, so a line that was only late is not duplicated.
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
"""Maximum number of offers of a line, because the server would reject some lines every time."""

LATE = 60.0
"""Seconds within which a line may still be in transit."""


@dataclass(frozen=True)
class Kept:
    """A line of the log folder, and how often it occurs there."""

    line: bytes
    times: int


def lines(folder: Path, since: float, now: float) -> dict[str, Kept]:
    """Return {`event.id`: the line} of the lines that were logged since a moment and are no longer in transit.

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
    """Write missing lines to a new file, unless they were already offered `TIMES` times, and return their ids.

    Args:
        folder: the log folder.
        kept: the lines of the folder, by id.
        missing: the ids that the cluster lacks.

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
    """Yield each line of a file, its id and its time."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    for line in content.splitlines(keepends=True):
        try:
            document = json.loads(line)
            yield line, document["event"]["id"], document["@timestamp"]
        except (ValueError, KeyError, TypeError):
            # A partial line of a killed process.
            continue
