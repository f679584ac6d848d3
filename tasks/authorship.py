"""Who wrote what would be approved: everybody who had a hand in what lies between an environment and a release.

git says which commits those are, GitHub whose they are (`tasks.github.authors`). A release may have been asked for
with several commits of the same content: all of them count. An approver on the command line or in the Prefect UI is
known by name only, so the names that git has are compared there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from tasks.domain.errors import Refused
from tasks.domain.release import Provenance
from tasks.github import authors, commits
from tasks.github.repositories import OnGitHub
from tasks.ledger.history import History
from tasks.promotion import approvals
from tasks.promotion.approvals import Approver, Request
from tasks.releases.commits import authors_between, released_paths
from tasks.settings import Settings

MOST = 300
"""Commits whose authors are asked for. GitHub answers 5,000 questions an hour, and each commit costs two or more."""


def approve_by_name(
    settings: Settings, history: History, digest: str, by: Approver, now: datetime, reason: str = ""
) -> Request:
    """Approve a plan set as somebody whom GitHub does not identify; the request as it is then.

    Raises:
        InvalidInput: nobody is named, or the digest is too short.
        NotFound: nothing waits under the digest.
        Refused: they may not approve it, or wrote some of it.
    """
    approvals.require_name(by)
    request = approvals.find(history.ledger, digest, now)
    known = named_authors(settings, history, request) if request.rules.approvers else {}
    return approvals.approve(history.ledger, digest, by, now, reason, known)


def named_authors(settings: Settings, history: History, request: Request) -> Mapping[str, str]:
    """Who wrote what a request would bring: {author, as git writes it: the release or a commit}.

    These are the authors of all requests to promote the release, and those of the commits since what is verified
    there now, as far as the local repository has them.
    """
    if request.purpose != "promote":
        return {}
    base = _verified_commit(history, request.environment)
    found: dict[str, str] = {}
    for asked in _provenances(history, request.release):
        found |= {author: commit[:12] for author, commit in _brought(settings, base, asked.commit).items()}
    return found | {asked.author: request.release for asked in _provenances(history, request.release)}


def refuse_author(home: OnGitHub, settings: Settings, history: History, request: Request, login: str) -> None:
    """`Refused` when somebody had a hand in what a request would bring to its environment.

    Raises:
        Refused: they had, or it cannot be known who had.
        Unanswered: GitHub does not say who had.
    """
    found = written_by(home, settings, history, request).get(login.lower())
    if found is not None:
        told = f"{login} had a hand in commit {found[:12]}, which it would bring; another person must approve"
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
    asked = [each.commit for each in _provenances(history, release)]
    return [commit for commit in dict.fromkeys(asked) if commit]


def _provenances(history: History, release: str) -> list[Provenance]:
    return [each.provenance for each in history.releases.requests(release) if each.purpose == "promote"]


def _brought(settings: Settings, base: str, head: str) -> Mapping[str, str]:
    """The authors since a verified commit. Before the first one, everything is new and nobody could approve it."""
    return authors_between(settings.repository, base, head) if base and head else {}


def _between(home: OnGitHub, settings: Settings, base: str, head: str) -> tuple[str, ...]:
    for commit in filter(None, (base, head)):
        commits.have(settings, home.client, home.name, commit)
    return commits.between(settings, base, head, released_paths(settings.repository, head))
