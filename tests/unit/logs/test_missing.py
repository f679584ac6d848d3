"""Lines that were lost are counted by the numbers that are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.logs import documents
from tasks.logs.missing import Missing


def line(number: int | None, **more: object) -> bytes:
    about = {"event": "planned", "timestamp": "2026-11-26T09:00:00Z", "level": "info", "logger": "flowmart.x"}
    return documents.line(documents.document({**about, **({} if number is None else {"sequence": number}), **more}))


def keep(folder: Path, begun: str, pid: int, *numbers: int | None) -> Path:
    file = folder / f"flowmart-20261126T{begun}.000000Z-{pid}.ndjson"
    file.write_bytes(b"".join(map(line, numbers)))
    return file


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ([], 0),
        ([("090000", 1, 1, 2, 3)], 0),
        ([("090000", 1, 1, 2, 6, 7)], 3),
        # Threads may swap neighbours.
        ([("090000", 1, 2, 1, 3, 5, 4)], 0),
        # A process goes on in another file, with and without a loss in between.
        ([("090000", 1, 1, 2), ("090100", 1, 3, 4)], 0),
        ([("090000", 1, 1, 2), ("090100", 1, 5, 6)], 2),
        # Another process with the same id begins anew.
        ([("090000", 1, 1, 2, 3), ("090100", 1, 1, 2)], 0),
        ([("090000", 1, 1, 3), ("090100", 2, 1, 4)], 3),
        # A child goes on with its parent's numbers.
        ([("090000", 1, 1, 2, 3), ("090100", 2, 3, 4)], 0),
    ],
    ids=str,
)
def test_gaps_are_counted(tmp_path: Path, files: list[tuple[str, int, *tuple[int, ...]]], missing: int) -> None:
    for begun, pid, *numbers in files:
        keep(tmp_path, begun, pid, *numbers)
    assert Missing(tmp_path).count() == missing


def test_a_line_that_only_tells_of_a_loss_is_none_itself(tmp_path: Path) -> None:
    file = keep(tmp_path, "090000", 1, 1)
    told = line(None, event="log lines lost", lost=2)
    file.write_bytes(file.read_bytes() + told + line(4) + line(5))
    assert Missing(tmp_path).count() == 2


def test_half_a_last_line_is_no_line(tmp_path: Path) -> None:
    file = keep(tmp_path, "090000", 1, 1, 2)
    file.write_bytes(file.read_bytes() + line(3)[:50])
    assert Missing(tmp_path).count() == 0


def test_what_has_come_since_is_counted(tmp_path: Path) -> None:
    missing = Missing(tmp_path)
    file = keep(tmp_path, "090000", 1, 1, 2)
    assert missing.count() == 0
    file.write_bytes(file.read_bytes() + line(9))
    assert missing.count() == 6


def test_a_file_longer_than_what_is_read_at_once_is_counted_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.logs.missing._PIECE", 100)
    monkeypatch.setattr("tasks.logs.missing._BLOCK", 1000)
    keep(tmp_path, "090000", 1, *(number for number in range(1, 200) if number % 50))
    assert Missing(tmp_path).count() == 3
