"""Compare Debian versions: deb-version(7)."""

from __future__ import annotations

import re

_PARTS = re.compile(r"(\D*)(\d*)")


def compare(one: str, other: str) -> int:
    """Return a negative, zero or positive number if `one` is earlier than, equal to or later than `other`."""
    left, right = _key(one), _key(other)
    return (left > right) - (left < right)


def _key(version: str) -> tuple[object, ...]:
    epoch, _, rest = version.rpartition(":") if ":" in version else ("0", "", version)
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "0")
    return int(epoch), _ordered(upstream), _ordered(revision)


def _ordered(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    # Each run of non-digits ends in 0, so that its end sorts after a tilde and before everything else.
    found = [(word, number) for word, number in _PARTS.findall(text) if word or number]
    return (*((_word(word), int(number or 0)) for word, number in found), ((0,), 0))


def _word(word: str) -> tuple[int, ...]:
    weights = (-1 if letter == "~" else ord(letter) if letter.isalpha() else ord(letter) + 256 for letter in word)
    return (*weights, 0)
