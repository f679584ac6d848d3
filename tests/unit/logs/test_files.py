"""One file a process, whole lines only; old files go, and open ones stay."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.logs import files
from tasks.logs.files import Writer, clean, in_folder

DAY = 86_400.0


def old(folder: Path, name: str, age: float, size: int = 10) -> Path:
    file = folder / f"flowmart-{name}.ndjson"
    file.write_bytes(b"x" * size)
    os.utime(file, (1e9 - age, 1e9 - age))
    return file


def test_lines_are_in_one_file_that_only_the_owner_reads(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "logs")
    writer.write(b"one\n")
    writer.write(b"two\n")
    (file,) = in_folder(tmp_path / "logs")
    assert file.path.read_bytes() == b"one\ntwo\n"
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700


def test_the_name_says_when_it_was_begun_and_by_which_process(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.write(b"one\n")
    (file,) = in_folder(tmp_path)
    assert file.path.name.endswith(f"-{os.getpid()}.ndjson")
    assert abs(file.began - file.path.stat().st_mtime) < 600


def test_a_name_that_says_no_time_harms_nobody(tmp_path: Path) -> None:
    for name in ("flowmart-20261399T996099.000000Z-1.ndjson", "flowmart-x.ndjson"):
        (tmp_path / name).write_text("")
    assert len(in_folder(tmp_path)) == 2


def test_old_files_are_removed(tmp_path: Path) -> None:
    gone, kept = old(tmp_path, "a", 8 * DAY), old(tmp_path, "b", 6 * DAY)
    clean(tmp_path, 1e9)
    assert not gone.exists()
    assert kept.exists()


def test_the_oldest_are_removed_while_there_is_too_much(tmp_path: Path) -> None:
    found = [old(tmp_path, name, age, 40) for name, age in (("a", 30), ("b", 20), ("c", 10))]
    clean(tmp_path, 1e9, size=90)
    assert [file.exists() for file in found] == [False, True, True]


def test_a_file_that_is_open_stays_however_old_it_is(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.write(b"one\n")
    (file,) = in_folder(tmp_path)
    clean(tmp_path, file.ended + 30 * DAY)
    assert file.path.exists()
    writer.close()
    clean(tmp_path, file.ended + 30 * DAY)
    assert not file.path.exists()


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    os.utime(other, (0, 0))
    clean(tmp_path, 1e9)
    assert other.exists()


def test_a_process_that_goes_on_begins_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FULL", 8)
    writer = Writer(tmp_path)
    for line in (b"12345678\n", b"2\n", b"3\n"):
        writer.write(line)
    assert [file.path.read_bytes() for file in in_folder(tmp_path)] == [b"12345678\n", b"2\n3\n"]


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Files of at most so many bytes: a write beyond that is cut short, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    writer.write(b"12345678\n")
    with room_for(12), pytest.raises(OSError, match="No space") as raised:
        writer.write(b"abcdefgh\n")
    assert raised.value.errno == errno.ENOSPC
    writer.write(b"now\n")
    (file,) = in_folder(tmp_path)
    assert file.path.read_bytes() == b"12345678\nnow\n"


def test_a_killed_process_leaves_whole_lines_before_its_last(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from tasks.logs.files import Writer\n"
        "writer = Writer(pathlib.Path(sys.argv[1]))\n"
        "while True: writer.write(b'x' * 9_999 + b'\\n'); print(1, flush=True)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        for _ in range(20):
            process.stdout.readline()
        process.kill()
    (file,) = in_folder(tmp_path)
    *before, last = file.path.read_bytes().splitlines(keepends=True)
    assert {len(line) for line in before} == {10_000}
    # The kernel may end a write in the middle when the process is killed.
    assert 0 < len(last) <= 10_000
