"""Fetches commits from GitHub into the local repository. Credentials never appear in arguments or messages."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection
from pathlib import Path

from tasks import processes
from tasks.domain.errors import InvalidInput, NotFound, Refused, Unanswered
from tasks.github import pulls, repositories
from tasks.github.client import Client
from tasks.processes import Command, Finished
from tasks.settings import Settings

REMOTE = "origin"
TIME_LIMIT = 300.0

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HOSTED = re.compile(r"(?:(?:https?|ssh|git)://|[^/@\s]+@).*?([^/:\s]+/[^/:\s]+?)(?:\.git)?/?")
"""Matches owner/name at the end of a remote address: https://host/owner/name.git, git@host:owner/name."""

_CREDENTIALS = re.compile(r"(?<=://)[^@/\s]+@")


def fetch(settings: Settings, client: Client, repository: str, ref: str) -> str:
    """Fetch a ref of GitHub ("refs/pull/1/head") into the local repository.

    The commit is kept under refs/flowmart/; branches and the working tree do not change.

    Args:
        settings: says where the local repository is.
        client: gives git a token, if the remote uses HTTPS.
        repository: owner/name.
        ref: the ref, or a full SHA.

    Returns:
        The SHA of the commit.

    Raises:
        InvalidInput: the local repository has no remote `origin`.
        Refused: the clone is of another repository.
        NotFound: GitHub has no such ref.
        Unanswered: the fetch failed for another reason.
    """
    kept = f"refs/flowmart/{ref.removeprefix('refs/')}"
    address = _run(settings.repository, "remote", "get-url", REMOTE).stdout.strip()
    _refuse_other(address, {repository.lower(), settings.platform_repository.lower()})
    done = processes.run(
        fetching(settings.repository, address, f"+{ref}:{kept}", _token(client, repository, address))
    )
    if done.exit_code != 0:
        _refuse(ref, done)
    return _run(settings.repository, "rev-parse", "--verify", kept).stdout.strip()


def refuse_missing(settings: Settings, sha: str) -> None:
    """Check that a commit is in the local repository.

    Raises:
        InvalidInput: `sha` is not a full SHA.
        Refused: the commit is missing, because its branch was rewritten.
    """
    if not _SHA.fullmatch(sha):
        raise InvalidInput(f"commit {sha!r}: should be the whole SHA")
    if not _is_there(settings, sha):
        raise Refused(f"commit {sha}: it is no longer on GitHub; it was replaced by a newer one")


def have(settings: Settings, client: Client, repository: str, sha: str) -> None:
    """Fetch a commit into the local repository if it is missing there.

    Raises:
        Refused: GitHub does not have the commit.
    """
    if _is_there(settings, sha):
        return
    try:
        fetch(settings, client, repository, sha)
    except NotFound as error:
        raise Refused(f"commit {sha[:12]}: it is neither here nor on GitHub: {error}") from error


def of_pull(settings: Settings, client: Client, number: int) -> str:
    """Fetch the commit of a pull request: its head, or its merge commit once it is merged.

    Returns:
        The SHA of the commit.

    Raises:
        Refused: it comes from a fork and is not merged; or the clone is of another repository.
        NotFound: there is no such pull request.
    """
    home = repositories.of_platform(client, settings)
    pull = pulls.get(client, home.name, number)
    if pull.merged:
        have(settings, client, home.name, pull.merge)
        return pull.merge
    pulls.refuse_fork(pull)
    return fetch(settings, client, home.name, f"refs/pull/{number}/head")


def between(settings: Settings, base: str, head: str, paths: Collection[str]) -> tuple[str, ...]:
    """Return the commits of `head` that `base` lacks and that change one of these paths, newest first.

    Args:
        settings: says where the local repository is.
        base: a commit; "" to return all such commits of `head`.
        head: a commit.
        paths: paths in the repository, without wildcards.

    Raises:
        Refused: the clone is shallow and lacks some of them.
    """
    _refuse_cut_off(settings.repository, base, head)
    chosen = (f"^{base}",) if base else ()
    listed = _run(
        settings.repository, "--literal-pathspecs", "rev-list", "--full-history", head, *chosen, "--", *paths
    )
    return tuple(listed.stdout.split())


def _refuse_cut_off(repository: Path, base: str, head: str) -> None:
    """Reject a shallow clone, which hides the commits before its oldest one, and so their authors."""
    cut = repository.resolve() / _run(repository, "rev-parse", "--git-path", "shallow").stdout.strip()
    if not cut.is_file():
        return
    listed = _run(repository, "rev-list", head, *((f"^{base}",) if base else ()))
    if not {*cut.read_text().split()}.isdisjoint(listed.stdout.split()):
        wrong = f"{repository.resolve()} is a shallow clone without all commits up to {head[:12]}"
        raise Refused(f"{wrong}, so nobody knows who wrote them; run `git fetch --unshallow` there")


def fetching(repository: Path, address: str, refs: str, token: str) -> Command:
    """Build the fetch. git receives the token in variables that only this process and its children see."""
    argv = ("git", "-C", str(repository.resolve()), "fetch", "--no-tags", "--no-write-fetch-head", REMOTE, refs)
    variables = {"GIT_TERMINAL_PROMPT": "0"}
    if token:
        login = b64encode(f"x-access-token:{token}".encode()).decode()
        variables |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{address}.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {login}",
        }
    return Command(argv, Path.cwd(), variables, TIME_LIMIT)


def _is_there(settings: Settings, sha: str) -> bool:
    command = ("git", "-C", str(settings.repository.resolve()), "cat-file", "-e", f"{sha}^{{commit}}")
    return processes.run(Command(command, Path.cwd(), time_limit=60)).exit_code == 0


def _refuse_other(address: str, names: Collection[str]) -> None:
    """Reject a clone of another repository, whose commits would be promoted. A local folder cannot be checked."""
    found = _HOSTED.fullmatch(address)
    if found and found[1].lower() not in names:
        wanted = " or ".join(sorted(filter(None, names)))
        raise Refused(
            f"remote {REMOTE} of the clone is {found[1]}; it should be {wanted}: git remote set-url {REMOTE}"
        )


def _token(client: Client, repository: str, address: str) -> str:
    """Return a token for HTTPS only: other transports (ssh, a folder) have their own credentials, or need none."""
    return client.git_token(repository) if address.startswith("https://") else ""


def _refuse(ref: str, done: Finished) -> None:
    why = _CREDENTIALS.sub("", done.stderr).strip()
    if "couldn't find remote ref" in why or "not our ref" in why:
        raise NotFound(f"{ref}: {why}")
    raise Unanswered(f"git fetch {ref}: {why}")


def _run(repository: Path, *arguments: str) -> Finished:
    done = processes.run(Command(("git", "-C", str(repository.resolve()), *arguments), Path.cwd(), time_limit=60))
    if done.exit_code != 0:
        why = _CREDENTIALS.sub("", done.stderr).strip()
        raise InvalidInput(f"{repository.resolve()}: git {arguments[0]}: {why}; it should be a clone of GitHub's")
    return done
