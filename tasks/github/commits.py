"""Commits of GitHub, brought into the local repository. No credential is in an argument or in a message."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

from tasks import processes
from tasks.domain.errors import InvalidInput, NotFound, Refused, Unanswered
from tasks.github.client import Client
from tasks.processes import Command, Finished
from tasks.settings import Settings

REMOTE = "origin"
TIME_LIMIT = 300.0

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CREDENTIALS = re.compile(r"(?<=://)[^@/\s]+@")


def fetch(settings: Settings, client: Client, repository: str, ref: str) -> str:
    """Bring what a ref of GitHub's ("refs/pull/1/head") is at into the local repository; the commit.

    It is kept under refs/flowmart/, and neither a branch nor the working tree is touched.
    """
    kept = f"refs/flowmart/{ref.removeprefix('refs/')}"
    address = _run(settings.repository, "remote", "get-url", REMOTE).stdout.strip()
    done = processes.run(
        fetching(settings.repository, address, f"+{ref}:{kept}", _token(client, repository, address))
    )
    if done.exit_code != 0:
        _refuse(ref, done)
    return _run(settings.repository, "rev-parse", "--verify", kept).stdout.strip()


def refuse_missing(settings: Settings, sha: str) -> None:
    """`Refused` when a commit is not in the local repository: the branch that it was on has been rewritten."""
    if not _SHA.fullmatch(sha):
        raise InvalidInput(f"commit {sha!r}: should be the whole SHA")
    command = ("git", "-C", str(settings.repository.resolve()), "cat-file", "-e", f"{sha}^{{commit}}")
    if processes.run(Command(command, Path.cwd(), time_limit=60)).exit_code != 0:
        raise Refused(f"commit {sha}: it is no longer on GitHub; it was replaced by a newer one")


def fetching(repository: Path, address: str, refs: str, token: str) -> Command:
    """The fetch. The token goes through git's own variables, which only this process and its children see."""
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


def _token(client: Client, repository: str, address: str) -> str:
    """Only for HTTPS: other ways (ssh, a folder) have credentials of their own, or need none."""
    return client.git_token(repository) if address.startswith("https://") else ""


def _refuse(ref: str, done: Finished) -> None:
    why = _CREDENTIALS.sub("", done.stderr).strip()
    if "couldn't find remote ref" in why:
        raise NotFound(f"{ref}: {why}")
    raise Unanswered(f"git fetch {ref}: {why}")


def _run(repository: Path, *arguments: str) -> Finished:
    done = processes.run(Command(("git", "-C", str(repository.resolve()), *arguments), Path.cwd(), time_limit=60))
    if done.exit_code != 0:
        why = _CREDENTIALS.sub("", done.stderr).strip()
        raise InvalidInput(f"{repository.resolve()}: git {arguments[0]}: {why}; it should be a clone of GitHub's")
    return done
