"""The record of a release as the store has it: written once, the same bytes for the same release.

Its SHA-256 goes into the ledger with every claim, so that what decides which units are up to date cannot be edited.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tasks.domain import records
from tasks.domain.errors import UnreadableRecord
from tasks.domain.release import Release

FORMAT = 1
"""Of what this module writes and reads."""

DIGITS = 12
"""Of a release's digest make its id."""


@dataclass(frozen=True)
class _Record:
    format: int
    release: Release


def encode(release: Release) -> bytes:
    """What the store gets."""
    return json.dumps(records.encode(_Record(FORMAT, release)), indent=1, sort_keys=True).encode()


def decode(data: bytes, where: str) -> Release:
    """The release in a record.

    Raises:
        UnreadableRecord: Another version of the product wrote it; the message begins with `where`.
        ValueError: It is cut off, or something in it does not fit together.
    """
    content: Any = json.loads(data)
    if not isinstance(content, dict):
        raise ValueError("it is not an object")
    if content.get("format") != FORMAT:
        raise UnreadableRecord(
            f"{where} has format {content.get('format')}, and this flowmart reads {FORMAT}; update it"
        )
    release = records.decode(_Record, content, where).release
    if release.id != release.digest[:DIGITS] or encode(release) != data:
        raise ValueError("it was changed after it was written")
    return release


def digest(release: Release) -> str:
    """The SHA-256 of the record's bytes."""
    return hashlib.sha256(encode(release)).hexdigest()
