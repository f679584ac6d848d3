"""Turns a commit into the files of a release and their provenance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tasks import manifest
from tasks.domain.errors import InvalidInput
from tasks.domain.release import Provenance
from tasks.releases import repository as git
from tasks.releases.contents import FOLDER, File, Kind, content_digest, path_of
from tasks.releases.portability import SUBMODULE, objections, submodule
from tasks.releases.records import DIGITS
from tasks.releases.repository import Commit

_PULL_REQUEST = re.compile(r"^Merge pull request #(\d+) from |\(#(\d+)\)$")
"""Matches the subject of GitHub's merge commits and squashed commits:
https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository.
"""


def commit_of(repository: Path, ref: str) -> Commit:
    """Return the commit of a branch, tag or hash.

    Raises:
        InvalidInput: git knows no such commit.
    """
    found = git.find(repository, ref)
    if found is None:
        raise InvalidInput(
            f"{repository.resolve()}: git has no commit {ref}; `git log` and `git branch` list what there is"
        )
    return found


def committed(repository: Path, commit: str) -> tuple[File, ...]:
    """Return the files of a commit that belong to its release.

    Raises:
        InvalidInput: names every file that cannot be in a release, with the reason.
    """
    entries = _entries(repository, commit)
    plain = [entry for entry in entries if entry.mode != SUBMODULE and entry.path != FOLDER]
    contents = git.blobs(repository, [entry.object for entry in plain])
    files = tuple(_file(entry, data) for entry, data in zip(plain, contents, strict=True))
    against = [submodule(entry.path) for entry in entries if entry.mode == SUBMODULE] + [*objections(files)]
    if len(plain) == len(entries) and not against:
        return files
    reasons = "\n".join(f"  {why}" for why in against or [f"{FOLDER} is not a folder in it."])
    raise InvalidInput(f"commit {commit[:12]} cannot be released:\n{reasons}")


def released_paths(repository: Path, commit: str) -> tuple[str, ...]:
    """Return the paths of a repository that a release of a commit contains; infrastructure/ is the first."""
    written = git.text(repository, commit, f"{FOLDER}/{manifest.FILE}")
    return (FOLDER, *manifest.declared_in(written, FOLDER))


def release_id(repository: Path, commit: Commit) -> str:
    """Return the id of the release that a commit's files make, whether or not it was created."""
    return content_digest(committed(repository, commit.hash))[:DIGITS]


def provenance_of(commit: Commit, requested_by: str, pull_request: int | None = None) -> Provenance:
    """Return the provenance of a commit.

    Without `pull_request`, the number is taken from the commit's subject, if it contains one.
    """
    return Provenance(
        commit=commit.hash,
        author=commit.author,
        subject=commit.subject,
        pull_request=pull_request or _merged(commit.subject),
        requested_by=requested_by,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


@dataclass(frozen=True)
class LastChange:
    """The last commit that changed a file. `author` is as git writes it, `at` is when it was written (ISO 8601)."""

    commit: str
    author: str
    at: str
    subject: str


def last_changes(repository: Path, one: str, other: str) -> dict[str, LastChange]:
    """Return {file: its last change} between two commits, on either side of their merge base.

    Only files of their releases are included. The result is empty if git does not have both commits.
    """
    if None in (git.find(repository, one), git.find(repository, other)):
        return {}
    asked = ("--no-show-signature", "--name-only", "--format=%x00%H%x1f%an <%ae>%x1f%aI%x1f%s")
    within = _released_by_any(repository, one, other)
    printed = git.git(repository, "-c", "core.quotePath=false", "log", *asked, f"{one}...{other}", "--", *within)
    found: dict[str, LastChange] = {}
    for commit in printed.split("\0")[1:]:
        head, *files = commit.splitlines()
        for file in filter(None, files):
            found.setdefault(path_of(file), LastChange(*head.split("\x1f", 3)))
    return found


def authors_between(repository: Path, base: str, head: str) -> dict[str, str]:
    """Return {author: a commit} of the commits that are in `head`, not in `base`, and change released files.

    Co-authors that a commit names are included. Authors are as git writes them. The result is empty if git lacks
    either commit.
    """
    if None in (git.find(repository, base), git.find(repository, head)):
        return {}
    people = "%an <%ae>%x1f%(trailers:key=Co-authored-by,valueonly,unfold,separator=%x1f)"
    asked = ("--no-show-signature", "--full-history", f"--format=%x00%H%x1f{people}")
    within = _released_by_any(repository, base, head)
    printed = git.git(repository, "log", *asked, head, f"^{base}", "--", *within)
    found: dict[str, str] = {}
    for commit, *authors in (each.strip().split("\x1f") for each in printed.split("\0")[1:]):
        found = dict.fromkeys(filter(None, authors), commit) | found
    return found


def times_between(repository: Path, base: str, head: str) -> tuple[float, ...]:
    """Return the times of the commits that are in `head`, not in `base`, and change released files.

    Times are in seconds since 1970. They are those of the commit, because those of the author may be long ago. The
    result is empty if git lacks either commit.
    """
    if None in (git.find(repository, base), git.find(repository, head)):
        return ()
    within = _released_by_any(repository, base, head)
    printed = git.git(repository, "log", "--no-show-signature", "--format=%ct", head, f"^{base}", "--", *within)
    return tuple(float(line) for line in printed.split())


def has_uncommitted(repository: Path) -> bool:
    """Tell whether released files of the working tree differ from HEAD."""
    within = released_paths(repository, "HEAD")
    return bool(git.git(repository, "status", "--porcelain", "--", *within).strip())


def _merged(subject: str) -> int | None:
    found = _PULL_REQUEST.search(subject)
    return int(found[1] or found[2]) if found else None


def _file(entry: git.TreeEntry, data: bytes) -> File:
    kinds: dict[str, Kind] = {"100755": "executable", "120000": "link"}
    return File(path_of(entry.path), kinds.get(entry.mode, "file"), data)


def _entries(repository: Path, commit: str) -> tuple[git.TreeEntry, ...]:
    """Return all entries that a release of a commit contains; `InvalidInput` if one of the paths is missing."""
    found: dict[str, git.TreeEntry] = {}
    for path in released_paths(repository, commit):
        found |= {entry.path: entry for entry in git.tree(repository, commit, path)}
    return tuple(found[path] for path in sorted(found))


def _released_by_any(repository: Path, *commits: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for commit in commits for path in released_paths(repository, commit)))
