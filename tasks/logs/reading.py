"""Finds lines in the log folder: selects files, then lines by their bytes, and parses only these as JSON.

A run of an hour is a few thousand lines among a million. Searching the bytes of a file for its id takes a hundredth
of the time that parsing every line would take.
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
"""From the least to the most severe."""

Document = Mapping[str, Any]

_RUN = re.compile(r"[0-9a-f]{8,32}")
_WHOLE_RUN = 33
"""Characters of a complete id, with the quotation mark before it."""


@dataclass(frozen=True)
class Wanted:
    """Selects lines.

    Attributes:
        subject: the id of a run or release, or its beginning; an environment; or a ledger entry such as
            `staging/23`: for a claim, everything that happened under it; "" for everything.
        level: the lowest level.
        since: ISO 8601, UTC; "" for no limit.
    """

    subject: str = ""
    level: str = "debug"
    since: str = ""

    @property
    def words(self) -> tuple[bytes, ...]:
        """Return byte strings of which a wanted line holds at least one; empty if any line may be wanted."""
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
        """Tell whether a document is wanted."""
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
    """Return the severity of a document's level: an index in `LEVELS`."""
    level = document.get("log", {}).get("level", "info")
    return LEVELS.index(level) if level in LEVELS else LEVELS.index("info")


def find(folder: Path, wanted: Wanted, since: float = 0.0) -> list[Document]:
    """Return the wanted documents, oldest first, without duplicates.

    Args:
        folder: the log folder.
        wanted: selects the documents.
        since: files that were last written before this moment (seconds since 1970) are not opened.
    """
    files = [file for file in in_folder(folder) if file.size and file.ended >= since]
    return ordered(document for file in files for document in _in_file(file.path, wanted))


def ordered(documents: Iterable[Document]) -> list[Document]:
    """Sort documents by time and remove duplicates, because a line may have been offered to the shipper twice."""
    once = {document.get("event", {}).get("id") or id(document): document for document in documents}
    return sorted(once.values(), key=_moment)


def claim_of(documents: Iterable[Document], entry: str) -> str:
    """Return the claim of a ledger entry, from these documents; "" if none of them names it."""
    claims = (
        str(document.get("transaction", {}).get("id", ""))
        for document in documents
        if entry in (document.get("flowmart", {}).get("entry"), document.get("transaction", {}).get("id"))
    )
    return next(filter(None, claims), "")


class Following:
    """Follows the lines of a folder as they are written.

    Args:
        folder: the log folder.
        wanted: selects the lines.
    """

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self._folder = folder
        self._wanted = wanted
        self._read = {file.path: file.size for file in in_folder(folder)}

    def new(self) -> list[Document]:
        """Return the documents that were written since the last call."""
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
        # The file was removed meanwhile, or is empty.
        return


def _lines(content: mmap.mmap, words: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the lines that hold one of the words, in order; all lines if there are no words."""
    if not words:
        yield from iter(content.readline, b"")
        return
    for begin in sorted({begin for word in words for begin in _begins(content, word)}):
        end = content.find(b"\n", begin)
        yield content[begin : end if end >= 0 else len(content)]


def _begins(content: mmap.mmap, word: bytes) -> Iterator[int]:
    """Yield the positions of lines that hold a word."""
    place = content.find(word)
    while place >= 0:
        yield content.rfind(b"\n", 0, place) + 1
        end = content.find(b"\n", place)
        place = content.find(word, end) if end >= 0 else -1


def _whole_lines(path: Path, begin: int) -> tuple[list[bytes], int]:
    """Return the complete lines after a position, and the position after the last of them."""
    try:
        with path.open("rb") as file:
            file.seek(begin)
            content = file.read()
    except FileNotFoundError:
        return [], begin
    whole = content[: content.rfind(b"\n") + 1]
    return whole.splitlines(), begin + len(whole)


def _parsed(lines: Iterable[bytes]) -> Iterator[Document]:
    """Yield the documents in lines. A killed process may leave a partial last line."""
    for line in lines:
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            yield document


def _moment(document: Document) -> tuple[str, int]:
    return str(document.get("@timestamp", "")), document.get("event", {}).get("sequence", 0)
