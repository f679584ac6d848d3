"""Finds lines in the log folder: which files may hold them, which lines say the right words, and only then as JSON.

A run of an hour is a few thousand lines among a million. Looking for its id in the bytes of a file takes a
hundredth of the time that reading every line as JSON would take.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.logs.documents import trace_id
from tasks.logs.files import in_folder

LEVELS = ("debug", "info", "warning", "error", "critical")
"""From the least to the worst."""

Document = Mapping[str, Any]

_RUN = re.compile(r"[0-9a-f]{8,32}")
_WHOLE_RUN = 33
"""Characters of a whole id, with the quotation mark before it."""


@dataclass(frozen=True)
class Wanted:
    """Which lines are wanted.

    Attributes:
        subject: the id of a run or the beginning of it, an environment, a release or the beginning of its id, or a
            ledger entry such as `staging/23`: a claim, with all that happened under it; "" for everything.
        level: this one and worse.
        since: ISO 8601, UTC; "" for all that is there.
    """

    subject: str = ""
    level: str = "debug"
    since: str = ""

    @property
    def words(self) -> tuple[bytes, ...]:
        """What the bytes of a line hold, one of these, if the line may be wanted; none: any line."""
        if not self.subject:
            return ()
        text = json.dumps(self.subject, ensure_ascii=False)[1:-1]
        if "/" in text:
            return (f'"{text}"'.encode(),)
        if len(self._runs[0] if self._runs else "") == _WHOLE_RUN:
            return (self._runs[0].encode(),)
        found = [f'"environment":"{text}"', f'"release":"{text}']
        return tuple(word.encode() for word in (*found, *self._runs))

    @property
    def _runs(self) -> tuple[str, ...]:
        compact = trace_id(self.subject)
        return (f'"{compact}',) if _RUN.fullmatch(compact) else ()

    def fits(self, document: Document) -> bool:
        """Whether a document is one of them."""
        return (
            document.get("@timestamp", "") >= self.since
            and severity(document) >= LEVELS.index(self.level)
            and (not self.subject or self._is_about(document))
        )

    def _is_about(self, document: Document) -> bool:
        ours, labels = document.get("flowmart", {}), document.get("labels", {})
        if "/" in self.subject:
            claim = document.get("transaction", {}).get("id")
            return self.subject in (claim, ours.get("entry"), ours.get("receipt"))
        if labels.get("environment") == self.subject or str(labels.get("release", "")).startswith(self.subject):
            return True
        runs = (document.get("trace", {}).get("id", ""), ours.get("root_run", ""))
        return any(str(run).startswith(trace_id(self.subject)) for run in runs) and bool(self._runs)


def severity(document: Document) -> int:
    """How bad the level of a document is: a place in `LEVELS`."""
    level = document.get("log", {}).get("level", "info")
    return LEVELS.index(level) if level in LEVELS else LEVELS.index("info")


def find(folder: Path, wanted: Wanted, since: float = 0.0) -> list[Document]:
    """The documents that are wanted, oldest first, each once.

    Args:
        folder: the log folder.
        wanted: which.
        since: files that were last written before this moment (seconds since 1970) are not opened.
    """
    files = [file for file in in_folder(folder) if file.size and file.ended >= since]
    return ordered(document for file in files for document in _in_file(file.path, wanted))


def ordered(documents: Iterable[Document]) -> list[Document]:
    """Documents in the order in which they were made, each once: a file may have been given to a shipper twice."""
    once = {document.get("event", {}).get("id") or id(document): document for document in documents}
    return sorted(once.values(), key=_moment)


def claim_of(documents: Iterable[Document], entry: str) -> str:
    """The claim under which a ledger entry was written, by one of these documents; "" if none of them says it."""
    claims = (
        str(document.get("transaction", {}).get("id", ""))
        for document in documents
        if entry in (document.get("flowmart", {}).get("entry"), document.get("transaction", {}).get("id"))
    )
    return next(filter(None, claims), "")


class Following:
    """Lines as they come.

    Args:
        folder: the log folder.
        wanted: which lines.
    """

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self._folder = folder
        self._wanted = wanted
        self._read = {file.path: file.size for file in in_folder(folder)}

    def new(self) -> list[Document]:
        """The documents that have come since the last time."""
        found: list[Document] = []
        for file in in_folder(self._folder):
            begin = self._read.get(file.path, 0)
            if file.size > begin:
                lines, self._read[file.path] = _whole_lines(file.path, begin)
                found += [each for each in _parsed(lines) if self._wanted.fits(each)]
        return ordered(found)


def _in_file(path: Path, wanted: Wanted) -> Iterator[Document]:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield from (each for each in _parsed(_lines(content, wanted.words)) if wanted.fits(each))
    except (FileNotFoundError, ValueError):
        # Removed meanwhile, or empty.
        return


def _lines(content: mmap.mmap, words: Sequence[bytes]) -> Iterator[bytes]:
    """The lines that hold one of the words, in order; all of them without any."""
    if not words:
        yield from iter(content.readline, b"")
        return
    for begin in sorted({begin for word in words for begin in _begins(content, word)}):
        end = content.find(b"\n", begin)
        yield content[begin : end if end >= 0 else len(content)]


def _begins(content: mmap.mmap, word: bytes) -> Iterator[int]:
    """Where lines begin that hold a word."""
    place = content.find(word)
    while place >= 0:
        yield content.rfind(b"\n", 0, place) + 1
        end = content.find(b"\n", place)
        place = content.find(word, end) if end >= 0 else -1


def _whole_lines(path: Path, begin: int) -> tuple[list[bytes], int]:
    """The lines from a place on that are written to their end, and where these end."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            content = file.read()
    except FileNotFoundError:
        return [], begin
    whole = content[: content.rfind(b"\n") + 1]
    return whole.splitlines(), begin + len(whole)


def _parsed(lines: Iterable[bytes]) -> Iterator[Document]:
    """The documents in lines. The last line of a process that was killed may be half a line."""
    for line in lines:
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            yield document


def _moment(document: Document) -> tuple[str, int]:
    return str(document.get("@timestamp", "")), document.get("event", {}).get("sequence", 0)
