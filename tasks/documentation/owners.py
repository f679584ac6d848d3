"""Who owns a path: the repository's CODEOWNERS, as GitHub reads it.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners:
the last pattern that matches counts, one without owners takes ownership away, and `docs/*` means files directly in a
folder. Negations and character ranges do not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks for the file; the first one counts."""

_WORD = re.compile(r"(?:\\.|[^\\\s])+")
_WILDCARD = re.compile(r"(\*\*/|\*\*|\*|\?)")
_MEANS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True)
class Rule:
    """One line: a pattern, and who owns what it matches."""

    pattern: re.Pattern[str]
    owners: tuple[str, ...]


@dataclass(frozen=True)
class Owners:
    """The rules of a repository, in the order of the file."""

    rules: tuple[Rule, ...] = ()

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a file, by its path in the repository; none where no rule matches."""
        return next((rule.owners for rule in reversed(self.rules) if rule.pattern.fullmatch(path)), ())

    def of_all(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Everybody who owns one of these files, each once."""
        return tuple(dict.fromkeys(owner for path in paths for owner in self.of(path)))


def read(repository: Path) -> Owners:
    """The owners that a repository declares; none where it has no CODEOWNERS."""
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
    """What may follow: a folder owns what is in it, at any depth, but `docs/*` the files directly in it only."""
    if written.endswith("/"):
        return "/.*"
    return "" if written.endswith("/*") else "(?:/.*)?"
