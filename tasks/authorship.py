"""Prevents authors from approving their own changes.

The authors are everybody who worked on the commits between what an environment runs and the release.
git lists these commits; GitHub identifies their authors (`tasks.github.authors`). A release may have been requested
with several commits of the same content: all of them count. An approver on the command line or in the Prefect UI is
known by name only. That name is compared with the names in git.
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
from tasks.promotion import approval_requests, approvals
from tasks.promotion.approval_requests import Request
from tasks.promotion.approvals import Approver
from tasks.releases.commits import authors_between, released_paths
from tasks.settings import Settings

MOST = 300
"""Maximum number of commits whose authors are looked up.

GitHub allows 5,000 requests an hour, and each commit costs two or more.
"""


def approve_by_name(
    settings: Settings, history: History, digest: str, by: Approver, now: datetime, reason: str = ""
) -> Request:
    """Approve a plan set on behalf of a person whom GitHub does not identify.

    Args:
        settings: says where the local repository is.
        history: the ledger and its releases.
        digest: the digest of the plan set, or its first characters.
        by: the approver.
        now: the current time.
        reason: why they approve; may be empty.

    Returns:
        The request after the approval.

    Raises:
        InvalidInput: the approver has no name, or the digest is too short.
        NotFound: no request waits under the digest.
        Refused: the approver is not permitted, or wrote some of the change.
    """
    approvals.require_name(by)
    request = approval_requests.find(history.ledger, digest, now)
    known = named_authors(settings, history, request) if request.rules.approvers else {}
    return approvals.approve(history.ledger, digest, by, now, reason, known)


def named_authors(settings: Settings, history: History, request: Request) -> Mapping[str, str]:
    """Return who wrote the changes of a request: {author, as git writes it: the release or a commit}.

    Authors of all requests to promote the release count, and authors of the commits since the currently verified
    release, if the local repository has them. Empty if the request is not a promotion.
    """
    if request.purpose != "promote":
        return {}
    base = _verified_commit(history, request.environment)
    found: dict[str, str] = {}
    for asked in _provenances(history, request.release):
        found |= {author: commit[:12] for author, commit in _brought(settings, base, asked.commit).items()}
    return found | {asked.author: request.release for asked in _provenances(history, request.release)}


def refuse_author(home: OnGitHub, settings: Settings, history: History, request: Request, login: str) -> None:
    """Reject an approver who worked on a change that the request would bring to its environment.

    Args:
        home: the platform's repository on GitHub.
        settings: says where the local repository is.
        history: the ledger and its releases.
        request: the request to approve.
        login: the approver's login on GitHub.

    Raises:
        Refused: the approver worked on the change, or its authors cannot be determined.
        Unanswered: GitHub does not respond.
    """
    found = written_by(home, settings, history, request).get(login.lower())
    if found is not None:
        reason = f"{login} had a hand in commit {found[:12]}, which it would bring; another person must approve"
        raise Refused(f"plan set {request.short} of {request.environment}: {reason}")


def written_by(home: OnGitHub, settings: Settings, history: History, request: Request) -> Mapping[str, str]:
    """Return who worked on the changes of a request: {login in lower case: one of their commits}.

    Args:
        home: the platform's repository on GitHub.
        settings: says where the local repository is.
        history: the ledger and its releases.
        request: the approval request.

    Returns:
        The logins and commits; empty for a rollback or a repair, which bring no new change.

    Raises:
        Refused: there are too many commits, or GitHub cannot identify the authors of one.
        Unanswered: GitHub does not respond.
    """
    if request.purpose != "promote":
        return {}
    base = _verified_commit(history, request.environment)
    brought: dict[str, None] = {}
    for head in _commits_of(history, request.release):
        brought |= dict.fromkeys(_between(home, settings, base, head))
    if base and len(brought) > MOST:
        reason = f"more than {MOST} commits lie between what is verified there and release {request.release}"
        raise Refused(
            f"{request.environment}: {reason}; promote one of them first, so that their authors can be asked for"
        )
    return authors.of(home.client, home.name, list(islice(brought, MOST)))


def _verified_commit(history: History, environment: str) -> str:
    """Return the commit of the current or last verified release; "" before the first release there."""
    found = history.state(environment)
    last = found.verified or next(reversed(found.past.verified_releases), "")
    return history.origin(environment, last).commit if last else ""


def _commits_of(history: History, release: str) -> list[str]:
    """Return every commit with which a promotion of the release was requested."""
    asked = [each.commit for each in _provenances(history, release)]
    return [commit for commit in dict.fromkeys(asked) if commit]


def _provenances(history: History, release: str) -> list[Provenance]:
    return [each.provenance for each in history.releases.requests(release) if each.purpose == "promote"]


def _brought(settings: Settings, base: str, head: str) -> Mapping[str, str]:
    """Return the authors since a verified commit; empty without one.

    Before the first release, every commit is new, so nobody could approve it.
    """
    return authors_between(settings.repository, base, head) if base and head else {}


def _between(home: OnGitHub, settings: Settings, base: str, head: str) -> tuple[str, ...]:
    for commit in filter(None, (base, head)):
        commits.have(settings, home.client, home.name, commit)
    return commits.between(settings, base, head, released_paths(settings.repository, head))
