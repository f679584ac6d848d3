"""Counts the lines that a log folder lacks: a process numbers its events, so a gap between numbers is a loss.

What a process lost before its first line and after its last cannot be seen.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tasks.logs import files

_PROCESS = re.compile(r"-(\d+)\.ndjson$")
_BLOCK = 256 * 1024
"""Bytes at either end of a file, in which the smallest and the largest number are: threads may swap neighbours."""
_PIECE = 16 * 1024**2
_UNNUMBERED = b'"action":"log_lines_lost"'
"""What a line has that only says how many are missing."""


@dataclass(frozen=True)
class _Numbers:
    """What one file holds: the smallest and the largest number, and how many."""

    first: int
    last: int
    count: int


class Missing:
    """The lines that a folder lacks. A file that has not changed since the last time is not read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[Path, int], _Numbers | None] = {}

    def count(self) -> int:
        """How many there are in all files."""
        processes: dict[str, list[_Numbers]] = defaultdict(list)
        found = files.in_folder(self._folder)
        self._known = {(file.path, file.size): self._of(file.path, file.size) for file in found}
        for (path, _), numbers in self._known.items():
            if numbers is not None and (process := _PROCESS.search(path.name)):
                processes[process[1]].append(numbers)
        return sum(map(_gaps, processes.values()))

    def _of(self, path: Path, size: int) -> _Numbers | None:
        known = (path, size)
        return self._known[known] if known in self._known else _numbers(path)


def _gaps(found: list[_Numbers]) -> int:
    """Those within the files of a process id, and between two of them. One that begins anew is of another process."""
    within = sum(max(0, each.last - each.first + 1 - each.count) for each in found)
    between = (later.first - earlier.last - 1 for earlier, later in pairwise(found))
    return within + sum(max(0, gap) for gap in between)


def _numbers(path: Path) -> _Numbers | None:
    """What a file holds; None where it has no number, or is gone."""
    try:
        with path.open("rb") as file:
            ends = [*_sequences(file.read(_BLOCK))]
            size = file.seek(0, 2)
            file.seek(max(0, size - _BLOCK))
            ends += _sequences(file.read())
            file.seek(0)
            count = _count(iter(lambda: file.read(_PIECE), b""))
    except FileNotFoundError:
        return None
    return _Numbers(min(ends), max(ends), count) if ends else None


def _sequences(block: bytes) -> Iterator[int]:
    for line in block.splitlines():
        try:
            number = json.loads(line)["event"]["sequence"]
        except (ValueError, KeyError, TypeError):
            # Half a line, or one that has no number.
            continue
        if isinstance(number, int):
            yield number


def _count(pieces: Iterator[bytes]) -> int:
    """How many numbered lines there are."""
    count, rest = 0, b""
    for piece in pieces:
        whole, _, rest = (rest + piece).rpartition(b"\n")
        count += (whole.count(b"\n") + 1 if whole else 0) - whole.count(_UNNUMBERED)
    return count
