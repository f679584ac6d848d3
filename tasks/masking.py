"""Masks secrets in any text: values that are known to be secret, and text that looks like a secret.

Engines mask what their tools mark as sensitive (see their `secrets`). This module covers texts that no engine
checks: an exception, a tool's last output, a line of a log. It learns values as this process reads them: variables
with a secret's name, settings, credentials, and what a plan marks as sensitive. It masks them in every form that
texts use: line by line, escaped once or twice by JSON, URL-quoted, and in base64.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from tasks.domain.values import CHANGED, MASK

SHORTEST = 6
"""Minimum length of a secret: masking "true" or "dev" would hide the text."""

_NAME = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|(?:private|access|account|signing|encryption)[_-]?key"
    r"|authorization|auth[_-]?string|credential|connection[_-]?string|signature|client[_-]?secret|cookie"
)
SECRET = re.compile(_NAME, re.IGNORECASE)
"""Matches names whose values are secret."""

_PUBLIC = re.compile(
    r"(?:_(?:id|name|arn|path|file|url|at|until|count|type|version))$|^secret_?names?$", re.IGNORECASE
)
"""Matches names that mention a secret but do not hold one."""

# Every repetition has a bound or consumes what it reads, so that time grows linearly with the length of a text.
_KEY = rf"(?:{_NAME})[\w-]{{0,60}}"
_END = r"(?<!\\)(?P=quote)"
_ASSIGNED = re.compile(
    rf"(?P<name>{_KEY}\\{{0,4}}[\"']?\s{{0,8}}(?:=>|[:=])\s{{0,8}})"
    r"(?:(?:basic|bearer|token|apikey|digest)\s+)?"
    rf"(?:(?P<quote>\\{{0,4}}[\"']).*?(?:{_END}|\Z)|(?P<block>[|>][-+]?[ \t]*\n(?:[ \t]+[^\n]*(?:\n|\Z))+)"
    r"|<<[-~]?(?P<word>\w+)\n.*?(?:\n\s*(?P=word)|\Z)|[^\s,;&\"'\\)\]}]+)",
    re.IGNORECASE | re.DOTALL,
)
_LOOKS = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        (r"(?<=://)[^/\s:@\"']{0,128}:[^\s@\"']{1,512}(?=@)", 0),
        (r"(?<=bearer )[\w.~+/=-]{8,}|(?<=basic )[\w+/=-]{8,}|(?<=apikey )[\w+/=-]{8,}", re.IGNORECASE),
        (r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|hv[sb]\.[\w-]{20,})", 0),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", 0),
        (r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", 0),
        (r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}", 0),
    )
)


class Known:
    """The set of values that are known to be secret. It only grows. Thread-safe."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._forms: set[str] = set()
        # {first characters of forms: the lengths of these forms, longest first}. A text is scanned once, however
        # many values there are.
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._changing = threading.Lock()

    def learn(self, values: Iterable[Any]) -> None:
        """Mask these values from now on; anything that is not a string, or is too short, is ignored."""
        found = {value for value in values if isinstance(value, str) and len(value.strip()) >= SHORTEST}
        with self._changing:
            for value in found - self._values - {MASK, CHANGED}:
                self._values.add(value)
                for form in _forms(value):
                    self._add(form)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each known value in a text."""
        place, last = 0, len(text) - SHORTEST if self._forms else -1
        while place <= last:
            length = self._at(text, place)
            if length:
                yield place, place + length
            place += length or 1

    def hide(self, text: str) -> str:
        """Return the text with its known values masked; other text that looks like a secret stays."""
        return _without(text, self.spans(text))

    def _add(self, form: str) -> None:
        known = self._lengths.get(form[:SHORTEST], ())
        if len(form) not in known:
            self._lengths[form[:SHORTEST]] = tuple(sorted({*known, len(form)}, reverse=True))
        self._forms.add(form)

    def _at(self, text: str, place: int) -> int:
        """Return the length of the longest form that begins at a place of a text; 0 for none."""
        lengths = self._lengths.get(text[place : place + SHORTEST], ())
        return next((length for length in lengths if text[place : place + length] in self._forms), 0)


KNOWN = Known()
"""The secrets that this process knows."""


def learn_variables(environ: Mapping[str, str]) -> None:
    """Learn the values of variables whose names mark them as secret."""
    KNOWN.learn(value for name, value in environ.items() if _is_secret(name))


def mask(text: str, known: Known = KNOWN) -> str:
    """Return `text` with everything secret in it masked."""
    # All patterns search the original text. If a known value were masked first, a pattern might no longer match the
    # rest of a key that contains it.
    looks = (found.span() for pattern in _LOOKS for found in pattern.finditer(text))
    return _ASSIGNED.sub(_assigned, _without(text, sorted([*known.spans(text), *looks])))


def masked(value: Any, name: str = "", known: Known = KNOWN) -> Any:
    """Return a copy of `value`, of any shape, with its secrets masked.

    A value is secret by its name, because it is known, or because it looks like a secret. Mappings and lists keep
    their shape; sets and tuples become lists.
    """
    if value is None or isinstance(value, bool):
        return value
    if _is_secret(name):
        return MASK
    if isinstance(value, Mapping):
        return {mask(str(key), known): masked(item, str(key), known) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(item, known=known) for item in value]
    return value if isinstance(value, int | float) else mask(str(value), known)


def named(value: Any, name: str = "") -> Iterator[str]:
    """Yield the strings in a value of any shape that are secret by their names."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from named(item, name if _is_secret(name) else str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from named(item, name)
    elif isinstance(value, str) and _is_secret(name):
        yield value


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a text with one mask for each of the spans, which are sorted; overlapping spans get one mask."""
    kept, done = [], 0
    for begins, ends in spans:
        if begins >= done:
            kept += [text[done:begins], MASK]
        done = max(done, ends)
    return "".join([*kept, text[done:]])


def _is_secret(name: str) -> bool:
    return bool(SECRET.search(name)) and not _PUBLIC.search(name)


def _assigned(found: re.Match[str]) -> str:
    name = found["name"]
    if MASK in found[0] or _PUBLIC.search(re.sub(r"\W+$", "", name)):
        return found[0]
    return f"{name}{found['quote'] or ''}{MASK}{found['quote'] or ''}"


def _forms(value: str) -> Iterator[str]:
    """Yield every form in which a text may contain a value."""
    stripped = value.strip()
    whole = {value, stripped, value.replace("\n", "\r\n")}
    lines = {line.strip() for line in value.splitlines() if len(line.strip()) >= SHORTEST}
    for text in whole | lines:
        for escaped in (text, *_escaped(text)):
            yield from (escaped, *_escaped(escaped))
        yield from (quote(text, safe=""), quote_plus(text), quote(text))
        yield repr(text)[1:-1]
    for text in whole:
        yield base64.b64encode(text.encode()).decode()
        yield base64.urlsafe_b64encode(text.encode()).decode()


def _escaped(text: str) -> set[str]:
    """Return a text as JSON writes it; Go's encoder also escapes <, > and &."""
    forms = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return forms | {form.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026") for form in forms}
