"""Parse terraform's errors and warnings from the lines of `-json`, from `validate -json`, and from plain text.

Source: Terraform's "Machine-Readable UI" (`type: diagnostic`) and `terraform validate -json`. Some commands print
errors only as text (`state pull`, `show`); so do errors in the CLI configuration. Code snippets are left out:
terraform prints the values of variables beside them, including sensitive ones.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_HEADING = re.compile(r"^(Error|Warning): ", re.MULTILINE)
_OF_STATE = re.compile(r"^(Failed to [a-z ]*state): (.*)", re.MULTILINE | re.DOTALL)
"""The errors of `state pull` and `state push` have no heading."""
_PLACE = re.compile(r"^on (\S+) line (\d+)\b.*$")
_CODE = re.compile(r"^\d+: ")
_WIDTH = 77
"""The column at which terraform wraps lines if there is no terminal."""


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning.

    Attributes:
        severity: "error" or "warning".
        summary: terraform's heading.
        detail: the rest of the message.
        address: the object that it is about; empty if unknown.
        place: the place in the code ("main.tf line 3"); empty if unknown.
    """

    severity: str
    summary: str
    detail: str = ""
    address: str = ""
    place: str = ""

    def on_one_line(self, source: str = "") -> str:
        """Return it on one line: the object, the message, then the file with its path below `source`."""
        parts = (" ".join(part.split()) for part in (self.address, self.summary, self.detail))
        message = ": ".join(part for part in parts if part)
        place = posixpath.normpath(f"{source}/{self.place}") if source else self.place
        return f"{message} ({place})" if self.place else message


def errors(stdout: str, stderr: str) -> tuple[Diagnostic, ...]:
    """Return the errors of one command in order, without duplicates."""
    found = [*_lines(stdout), *_document(stdout), *_texts(stderr), *_of_state(stderr)]
    return tuple(dict.fromkeys(item for item in found if item.severity == "error"))


def why(found: Iterable[Diagnostic], source: str = "") -> str:
    """Return one line per error. Files are named by their path below `source`, the unit's folder."""
    return "\n".join(f"Error: {item.on_one_line(source)}" for item in found) or "terraform gave no reason"


def _lines(stdout: str) -> Iterator[Diagnostic]:
    for line in stdout.splitlines():
        parsed = _parsed(line)
        if isinstance(parsed, Mapping) and parsed.get("type") == "diagnostic":
            yield _diagnostic(parsed["diagnostic"])


def _document(stdout: str) -> Iterator[Diagnostic]:
    parsed = _parsed(stdout)
    found = parsed.get("diagnostics", ()) if isinstance(parsed, Mapping) else ()
    return (_diagnostic(item) for item in found)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text.startswith("{") else None
    except ValueError:
        return None


def _diagnostic(item: Mapping[str, Any]) -> Diagnostic:
    where = item.get("range")
    place = f"{where['filename']} line {where['start']['line']}" if where else ""
    return Diagnostic(item["severity"], item["summary"], item.get("detail", ""), item.get("address") or "", place)


def _texts(text: str) -> Iterator[Diagnostic]:
    """Parse errors and warnings that terraform printed for people, with or without its frame."""
    plain = "\n".join(line.strip("│╷╵ \t") for line in text.splitlines())
    parts = _HEADING.split(plain)[1:]
    return (_from_text(kind, body) for kind, body in zip(parts[::2], parts[1::2], strict=True))


def _of_state(text: str) -> Iterator[Diagnostic]:
    found = None if re.search(r"^\W*Error: ", text, re.MULTILINE) else _OF_STATE.search(text)
    if found:
        yield Diagnostic("error", found[1], found[2].strip())


def _from_text(severity: str, body: str) -> Diagnostic:
    summary, _, rest = body.partition("\n")
    lines = [line for line in rest.splitlines() if not _CODE.match(line)]
    places = [match for line in lines if (match := _PLACE.match(line))]
    detail = _unwrapped([line for line in lines if not _PLACE.match(line) and not line.startswith("├")])
    place = f"{places[0][1]} line {places[0][2]}" if places else ""
    return Diagnostic(severity.lower(), summary, detail, place=place)


def _unwrapped(lines: list[str]) -> str:
    """Join lines that terraform broke because the next word did not fit."""
    text = lines[0] if lines else ""
    for before, line in pairwise(lines):
        broken = bool(line) and len(before) + 1 + len(line.split()[0]) > _WIDTH
        text += f"{' ' if broken else chr(10)}{line}"
    return text.strip()
