"""Resolves a name that a person types for a release: an id, its first digits, or any name that git resolves."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tasks.domain.errors import InvalidInput, NotFound
from tasks.releases import repository as git
from tasks.releases.releases import SHORTEST, Releases
from tasks.releases.repository import Commit


@dataclass(frozen=True)
class Meaning:
    """Either a release, by its whole id, or a commit, which may not be released yet."""

    release: str | None = None
    commit: Commit | None = None


def meaning(releases: Releases, repository: Path, name: str) -> Meaning:
    """Resolve a name to a release or a commit.

    If it matches both, it means the commit, provided that the commit makes that same release.

    Raises:
        NotFound: It matches nothing.
        InvalidInput: It matches several releases, or a release and a commit of another one.
    """
    found = [known for known in releases.known() if len(name) >= SHORTEST and known.startswith(name)]
    commit = _commit(repository, name)
    if commit is None:
        return Meaning(release=_only(found, name))
    if found and found != [releases.of_commit(repository, commit)]:
        _refuse_ambiguous(name, found, commit)
    return Meaning(commit=commit)


def _commit(repository: Path, name: str) -> Commit | None:
    # Releases can be named by id on a machine without git or without the repository.
    with suppress(InvalidInput):
        return git.find(repository, name)
    return None


def _only(found: list[str], name: str) -> str:
    if len(found) > 1:
        raise InvalidInput(f"release {name}: could be {' or '.join(found)}; give more digits")
    if not found:
        raise NotFound(
            f"{name}: no release begins with it (at least {SHORTEST} digits), and git has no such commit; "
            "`flowmart release list` lists all"
        )
    return found[0]


def _refuse_ambiguous(name: str, found: list[str], commit: Commit) -> None:
    matches = f"{name} could be release {' or '.join(found)}, or commit {commit.hash[:12]} ({commit.subject})"
    raise InvalidInput(f"{matches}; give more digits, or a whole ref such as refs/heads/{name}")
