"""Identifies the GitHub accounts that worked on commits, so that nobody approves their own change.

Each commit counts for its author, its committer and its co-authors. It also counts for those who opened and merged
its pull request. The authors of that pull request's commits count too, because a squashed commit does not show them.
Anybody can write any name into a commit. So a commit is rejected if GitHub does not know its author and no pull
request brought it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasks.domain.errors import NotFound, Refused
from tasks.github import pulls
from tasks.github.client import Client

_CO_AUTHOR = re.compile(r"^co-authored-by:[^<\n]*<([^>\s]+)>\s*$", re.IGNORECASE | re.MULTILINE)
"""https://docs.github.com/pull-requests/committing-changes-to-your-project/creating-and-editing-commits"""

_NO_REPLY = re.compile(
    r"(?:\d+\+)?([A-Za-z0-9-]+(?:_[A-Za-z0-9]+)?)(?:\[bot\])?@users\.noreply\.github\.com", re.IGNORECASE
)
"""Matches the addresses that GitHub gives to accounts."""


def of(client: Client, repository: str, commits: Sequence[str]) -> Mapping[str, str]:
    """Return who worked on commits: {login in lower case: the first of their commits}.

    Args:
        client: asks GitHub.
        repository: owner/name.
        commits: the commits, as full SHAs.

    Raises:
        Refused: GitHub does not know a commit, or its authors cannot be determined.
        Unanswered: GitHub does not respond.
    """
    found: dict[str, str] = {}
    accounts = _Accounts(client, repository)
    for sha in commits:
        for login in accounts.of_commit(sha):
            found.setdefault(login.lower(), sha)
    return found


class _Accounts:
    """Looks up each pull request and each address only once."""

    def __init__(self, client: Client, repository: str) -> None:
        self._client = client
        self._repository = repository
        self._pulls: dict[int, frozenset[str]] = {}
        self._addresses: dict[str, str] = {}

    def of_commit(self, sha: str) -> frozenset[str]:
        commit = self._commit(sha)
        brought = list(self._client.all(self._repository, f"/commits/{sha}/pulls"))
        if not _login(commit, "author") and not any(pull.get("merged_at") for pull in brought):
            raise Refused(f"commit {sha[:12]}: GitHub knows no account of its author, and no pull request brought it")
        through = [self._of_pull(int(pull["number"])) for pull in brought]
        return frozenset(self._written(commit)).union(*through) - {""}

    def _commit(self, sha: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self._client.ask("GET", self._repository, f"/commits/{sha}")
        except (NotFound, Refused) as error:
            raise Refused(f"commit {sha[:12]}: GitHub does not say whose it is: {error}") from error
        return found

    def _of_pull(self, number: int) -> frozenset[str]:
        if number not in self._pulls:
            pull = pulls.get(self._client, self._repository, number)
            commits = list(pulls.commits(self._client, self._repository, number))
            if len(commits) < pull.commits:
                counted = f"GitHub lists {len(commits)} of the {pull.commits} commits of pull request {number}"
                raise Refused(
                    f"{counted}, so not everybody who wrote them is known; approve with smaller pull requests"
                )
            written = [login for commit in commits for login in self._written(commit)]
            self._pulls[number] = frozenset([pull.author, pull.merger, *written])
        return self._pulls[number]

    def _written(self, commit: Mapping[str, Any]) -> Iterator[str]:
        yield _login(commit, "author")
        yield _login(commit, "committer")
        for address in _CO_AUTHOR.findall((commit.get("commit") or {}).get("message") or ""):
            yield self._account(address)

    def _account(self, address: str) -> str:
        """Return the login behind an address; "" if GitHub knows no account with it: then no login can match it."""
        if given := _NO_REPLY.fullmatch(address):
            return given[1]
        if address not in self._addresses:
            query = {"author": address, "per_page": 1}
            newest = self._client.ask("GET", self._repository, "/commits", query=query)
            self._addresses[address] = _login(newest[0], "author") if newest else ""
        return self._addresses[address]


def _login(commit: Mapping[str, Any], role: str) -> str:
    return str((commit.get(role) or {}).get("login") or "")
