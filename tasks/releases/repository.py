"""Reads a git repository: commits by any name, and their files.

Files are read as blobs, never through the working tree or `git archive`. Attributes and a user's settings (line
endings, filters, `export-ignore`) would change or drop some, so one commit could make two releases on two machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks import processes
from tasks.domain.errors import InvalidInput
from tasks.processes import Command, Finished
from tasks.run_folder import run_folder

_TIME_LIMIT = 120.0
"""Seconds that one git command may take."""


@dataclass(frozen=True)
class TreeEntry:
    """One line of `git ls-tree`. `mode` is git's: 100644, 100755, 120000 for a symlink, 160000 for a submodule."""

    mode: str
    object: str
    path: str


@dataclass(frozen=True)
class Commit:
    """A commit, by its whole hash. `author` is as git writes it: "Anna Berg <anna@flowmart.example>"."""

    hash: str
    author: str
    subject: str


def find(repository: Path, ref: str) -> Commit | None:
    """Return the commit of `ref` (a branch, tag, hash or its first digits); None if git knows none."""
    if ref.startswith("-") or not ref.strip():
        return None
    done = _run(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if done.exit_code != 0:
        return None
    printed = git(repository, "log", "-1", "--no-show-signature", "--format=%H%n%an <%ae>%n%s", done.stdout.strip())
    found, author, subject, *_ = printed.split("\n")  # A commit without a message has an empty subject.
    return Commit(found, author, subject)


def tree(repository: Path, commit: str, folder: str) -> tuple[TreeEntry, ...]:
    """Return all files and submodules of a commit at or below a path of the repository; "." is all of it.

    Raises:
        InvalidInput: The commit does not have the path, or a file's name is not UTF-8.
    """
    within = () if folder == "." else (folder,)
    found = _listed(repository, commit, *within)
    if not found:
        raise InvalidInput(f"{repository.resolve()}: commit {commit[:12]} has no {folder}; add it and commit")
    return found


def blobs(repository: Path, objects: Iterable[str]) -> tuple[bytes, ...]:
    """Return the contents of blobs by their object names, in order, read by one `git cat-file --batch`."""
    with run_folder("objects") as folder:
        asked = folder / "asked"
        asked.write_text("".join(f"{name}\n" for name in objects))
        return tuple(_batch(_output(repository, ("cat-file", "--batch"), asked)))


def text(repository: Path, commit: str, path: str) -> str:
    """Return the text of a file of a commit; empty if there is no such file."""
    objects = [entry.object for entry in _listed(repository, commit, path) if entry.path == path]
    return "".join(data.decode(errors="replace") for data in blobs(repository, objects))


def git(repository: Path, *arguments: str) -> str:
    """Run git in a repository and return its standard output.

    Raises:
        InvalidInput: git fails; contains git's message.
    """
    return _accepted(repository, _run(repository, *arguments), arguments[0]).stdout


def _listed(repository: Path, commit: str, *within: str) -> tuple[TreeEntry, ...]:
    listed = _output(repository, ("ls-tree", "-r", "-z", commit, *within))
    return tuple(_entry(line) for line in listed.split(b"\0") if line)


def _entry(line: bytes) -> TreeEntry:
    """Parse `100644 blob 8baef1b...	infrastructure/platform.yaml`."""
    described, _, path = line.partition(b"\t")
    mode, _, name = described.decode().split(" ")
    try:
        return TreeEntry(mode, name, path.decode())
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path!r}: the name of this file is not UTF-8; rename it") from error


def _batch(data: bytes) -> Sequence[bytes]:
    """Parse `<object> blob <size>`, newline, content, newline, for each blob (git-cat-file(1), BATCH OUTPUT)."""
    found, at = [], 0
    while at < len(data):
        head, _, _ = data[at : at + 200].partition(b"\n")
        words = head.decode().split(" ")
        if len(words) != 3:
            raise InvalidInput(f"git cat-file: {head.decode()}; fetch the whole repository, then retry")
        begin = at + len(head) + 1
        end = begin + int(words[2])
        found.append(data[begin:end])
        at = end + 1
    return found


def _output(repository: Path, arguments: tuple[str, ...], given: Path | None = None) -> bytes:
    with run_folder("git") as folder:
        file = folder / "output"
        command = Command(_argv(repository, *arguments), Path.cwd(), time_limit=_TIME_LIMIT, stdin=given, stdout=file)
        _accepted(repository, processes.run(command), arguments[0])
        return file.read_bytes()


def _run(repository: Path, *arguments: str) -> Finished:
    return processes.run(Command(_argv(repository, *arguments), Path.cwd(), time_limit=_TIME_LIMIT))


def _argv(repository: Path, *arguments: str) -> tuple[str, ...]:
    # `git replace` substitutes objects on one machine only; a release must have the commit's own content.
    # A user's `i18n.logOutputEncoding` may be another encoding than the one that is read here.
    options = ("-c", "i18n.logOutputEncoding=UTF-8", "--no-replace-objects", "--literal-pathspecs")
    return ("git", "-C", str(repository.resolve()), *options, *arguments)


def _accepted(repository: Path, done: Finished, verb: str) -> Finished:
    if done.exit_code != 0:
        raise InvalidInput(f"{repository.resolve()}: git {verb}: {done.stderr.strip() or 'failed without a message'}")
    return done
