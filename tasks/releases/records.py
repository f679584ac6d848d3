"""Encodes the record of a release in the store: written once, reproducible byte by byte.

The record decides which units are up to date. The ledger stores its SHA-256 with every claim, so that an edit is
detected.
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
"""The format that this module writes and reads."""

DIGITS = 12
"""The number of digits of a release's digest that make its id."""


@dataclass(frozen=True)
class _Record:
    format: int
    release: Release


def encode(release: Release) -> bytes:
    """Return the bytes of a record for the store."""
    return json.dumps(records.encode(_Record(FORMAT, release)), indent=1, sort_keys=True).encode()


def decode(data: bytes, where: str) -> Release:
    """Return the release in a record.

    Raises:
        UnreadableRecord: Another version of the product wrote it; the message begins with `where`.
        ValueError: It is truncated, or its parts do not match.
    """
    content: Any = json.loads(data)
    if not isinstance(content, dict):
        raise ValueError("it is not an object")
    if content.get("format") != FORMAT:
        raise UnreadableRecord(
            f"{where} has format {content.get('format')}, but this flowmart reads {FORMAT}; update flowmart"
        )
    release = records.decode(_Record, content, where).release
    if release.id != release.digest[:DIGITS] or encode(release) != data:
        raise ValueError("it was changed after it was written")
    return release


def digest(release: Release) -> str:
    """Return the SHA-256 of the record's bytes."""
    return hashlib.sha256(encode(release)).hexdigest()
