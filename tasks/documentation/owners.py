"""Finds the owners of a path in the repository's CODEOWNERS, by GitHub's rules.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners:
the last pattern that matches counts, one without owners removes ownership, and `docs/*` means files directly in a
folder. Negations and character ranges do not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""The places where GitHub looks for the file; the first one counts."""

_WORD = re.compile(r"(?:\\.|[^\\\s])+")
_WILDCARD = re.compile(r"(\*\*/|\*\*|\*|\?)")
_MEANS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True)
class Rule:
    """One line: a pattern, and the owners of the paths that it matches."""

    pattern: re.Pattern[str]
    owners: tuple[str, ...]


@dataclass(frozen=True)
class Owners:
    """The rules of a repository, in the order of the file."""

    rules: tuple[Rule, ...] = ()

    def of(self, path: str) -> tuple[str, ...]:
        """Return the owners of a file, by its path in the repository; empty if no rule matches."""
        return next((rule.owners for rule in reversed(self.rules) if rule.pattern.fullmatch(path)), ())

    def of_all(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return all owners of these files, without duplicates."""
        return tuple(dict.fromkeys(owner for path in paths for owner in self.of(path)))


def read(repository: Path) -> Owners:
    """Read the owners that a repository declares; empty if it has no CODEOWNERS."""
    file = next((repository / place for place in _PLACES if (repository / place).is_file()), None)
    return Owners(tuple(_rules(file.read_text(errors="replace")))) if file else Owners()


def _rules(text: str) -> Iterator[Rule]:
    for line in text.splitlines():
        words = _WORD.findall(line)
        if not words or words[0].startswith("#"):
            continue
        owners = []
        for word in words[1:]:
            if word.startswith("#"):
                break
            owners.append(word)
        yield Rule(_pattern(re.sub(r"\\(.)", r"\1", words[0])), tuple(owners))


def _pattern(written: str) -> re.Pattern[str]:
    body = written.strip("/")
    anchored = "/" in written.rstrip("/")
    found = "".join(_MEANS.get(part) or re.escape(part) for part in _WILDCARD.split(body))
    return re.compile(("" if anchored else "(?:.*/)?") + found + _below(written))


def _below(written: str) -> str:
    """Return the pattern of what may follow: a folder covers all its content, but `docs/*` only direct files."""
    if written.endswith("/"):
        return "/.*"
    return "" if written.endswith("/*") else "(?:/.*)?"
