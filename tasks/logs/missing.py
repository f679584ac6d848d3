"""Counts the lines that a log folder lacks: a process numbers its events, so a gap between numbers is a loss.

Lines that a process lost before its first or after its last written line cannot be detected.
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
"""Bytes at each end of a file that hold its smallest and largest number: threads may swap neighbours."""
_PIECE = 16 * 1024**2
_UNNUMBERED = b'"action":"log_lines_lost"'
"""Identifies lines that only report lost lines, which have no number."""


@dataclass(frozen=True)
class _Numbers:
    """The smallest and the largest number in one file, and the count of numbered lines."""

    first: int
    last: int
    count: int


class Missing:
    """Counts the lines that a folder lacks. A file that has not changed since the last count is not read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[Path, int], _Numbers | None] = {}

    def count(self) -> int:
        """Return the number of missing lines in all files."""
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
    """Count the gaps within the files of a process id, and between consecutive ones.

    If the numbers start again, another process has the same id.
    """
    within = sum(max(0, each.last - each.first + 1 - each.count) for each in found)
    between = (later.first - earlier.last - 1 for earlier, later in pairwise(found))
    return within + sum(max(0, gap) for gap in between)


def _numbers(path: Path) -> _Numbers | None:
    """Return the numbers in a file; None if it has none, or was removed."""
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
            # A partial line, or one without a number.
            continue
        if isinstance(number, int):
            yield number


def _count(pieces: Iterator[bytes]) -> int:
    """Return the number of numbered lines."""
    count, rest = 0, b""
    for piece in pieces:
        whole, _, rest = (rest + piece).rpartition(b"\n")
        count += (whole.count(b"\n") + 1 if whole else 0) - whole.count(_UNNUMBERED)
    return count
