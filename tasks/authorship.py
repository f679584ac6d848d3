"""Who wrote what would be approved: everybody who had a hand in what lies between an environment and a release.

git says which commits those are, GitHub whose they are (`tasks.github.authors`). A release may have been asked for
with several commits of the same content: all of them count.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from tasks.domain.errors import Refused
from tasks.github import authors, commits
from tasks.github.repositories import OnGitHub
from tasks.ledger.history import History
from tasks.promotion.approvals import Request
from tasks.releases.contents import FOLDER
from tasks.settings import Settings

MOST = 300
"""Commits whose authors are asked for. GitHub answers 5,000 questions an hour, and each commit costs two or more."""


def refuse_author(home: OnGitHub, settings: Settings, history: History, request: Request, login: str) -> None:
    """`Refused` when somebody had a hand in what a request would bring to its environment.

    Raises:
        Refused: they had, or it cannot be known who had.
        Unanswered: GitHub does not say who had.
    """
    found = written_by(home, settings, history, request).get(login.lower())
    if found is not None:
        told = f"{login} had a hand in commit {found[:12]}, which it would bring: somebody else has to approve it"
        raise Refused(f"plan set {request.short} of {request.environment}: {told}")


def written_by(home: OnGitHub, settings: Settings, history: History, request: Request) -> Mapping[str, str]:
    """{login in lower case: one of the commits that it had a hand in}, of what a request would bring.

    What returns to an earlier release, or repairs it, brings nobody's change.
    """
    if request.purpose != "promote":
        return {}
    base = _verified_commit(history, request.environment)
    brought: dict[str, None] = {}
    for head in _commits_of(history, request.release):
        brought |= dict.fromkeys(_between(home, settings, base, head))
    if base and len(brought) > MOST:
        told = f"more than {MOST} commits lie between what is verified there and release {request.release}"
        raise Refused(
            f"{request.environment}: {told}; promote one of them first, so that their authors can be asked for"
        )
    return authors.of(home.client, home.name, list(islice(brought, MOST)))


def _verified_commit(history: History, environment: str) -> str:
    """The commit of what is verified in an environment, or was last; "" before the first release there."""
    found = history.state(environment)
    last = found.verified or next(reversed(found.verified_releases), "")
    return history.origin(environment, last).commit if last else ""


def _commits_of(history: History, release: str) -> list[str]:
    """Every commit with which somebody asked for a release to be promoted."""
    asked = [each.provenance.commit for each in history.releases.requests(release) if each.purpose == "promote"]
    return [commit for commit in dict.fromkeys(asked) if commit]


def _between(home: OnGitHub, settings: Settings, base: str, head: str) -> tuple[str, ...]:
    for commit in filter(None, (base, head)):
        commits.have(settings, home.client, home.name, commit)
    return commits.between(settings, base, head, FOLDER)
