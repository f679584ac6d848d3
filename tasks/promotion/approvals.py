"""Approvals: a person approves or refuses in the ledger what a run has asked for (`approval_requests`).

The ledger records who approved, and how that identity was proven. GitHub proves who signed in there; a command line
proves which user of which machine typed. The Prefect UI has one login for everybody and proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tasks.domain.errors import InvalidInput, Refused
from tasks.domain.events import PlanSetApproved, PlanSetDecision, PlanSetRefused, ReleaseRejected
from tasks.domain.events.claims import PROMOTE
from tasks.ledger.chain import Ledger
from tasks.ledger.state import EnvironmentState
from tasks.promotion import approval_requests
from tasks.promotion.approval_requests import Request

Identity = Literal["github", "host", "nothing"]
"""What proves who an approver is: a GitHub login, the user of a machine, or nothing."""


@dataclass(frozen=True)
class Approver:
    """Who decides, how ("command line", "Prefect UI", "GitHub review"), and what proves it."""

    name: str
    how: str
    identity: Identity


def approve(
    ledger: Ledger,
    digest: str,
    by: Approver,
    now: datetime,
    reason: str = "",
    authors: Mapping[str, str] | None = None,
) -> Request:
    """Approve the waiting plan set with a digest, or with its first digits.

    Args:
        by: who approves.
        authors: {author as git writes it: what they wrote}, of everybody else whose work it brings; see
            `tasks.authorship`.

    Returns:
        The request after the approval: nothing may be applied while approvals are `missing`.

    Raises:
        Refused: this person may not approve it, or it was decided before.
        NotFound: no request waits with this digest.
        InvalidInput: the digest is too short, or `by` has no name.
    """
    require_name(by)
    request = approval_requests.find(ledger, digest, now)
    _refuse_ineligible(request, by, authors or {})
    return _decide(ledger, request, PlanSetApproved, by, now, reason)


def refuse(ledger: Ledger, digest: str, by: Approver, now: datetime, reason: str) -> Request:
    """Refuse a waiting plan set. The author may do so too.

    A release that would be promoted is rejected in the environment. The release of a rollback or a repair has been
    verified there, and a decision not to return to it now says nothing against it.

    Raises as `approve` does; `InvalidInput` also if the reason is empty.
    """
    require_name(by)
    if not reason.strip():
        raise InvalidInput("reason: it is empty; say why you refuse, for the author of the release")
    request = approval_requests.find(ledger, digest, now)
    _refuse_unlisted(request, by)
    _decide(ledger, request, PlanSetRefused, by, now, reason)
    if request.purpose == PROMOTE:
        why = f"refused by {by.name}: {reason}"
        ledger.append(request.environment, ReleaseRejected(release=request.release, why=why))
    return request


def _decide(
    ledger: Ledger, request: Request, decision: type[PlanSetDecision], by: Approver, now: datetime, reason: str
) -> Request:
    def decide(state: EnvironmentState) -> PlanSetDecision:
        # Two people may decide at the same time: the first decision counts.
        found = approval_requests.decided(state, request.digest, now)
        if found is None or found.kind != "wanted":
            ended = f"was already {found.kind} by {found.by}" if found else "has expired"
            raise Refused(f"plan set {request.short} of {request.environment} {ended}; check `flowmart approvals`")
        if decision is PlanSetApproved:
            _refuse_twice(found.request, by)
        return decision(
            release=request.release,
            plan_set=request.digest,
            by=by.name,
            how=by.how,
            identity=by.identity,
            reason=reason,
        )

    ledger.append(request.environment, decide)
    after = approval_requests.decisions(ledger.state(request.environment))
    return next((each.request for each in after if each.request.digest == request.digest), request)


def _refuse_twice(request: Request, by: Approver) -> None:
    if by.name.lower() in [name.lower() for name in request.approved_by]:
        why = f"{by.name} has already approved it; another person must approve too"
        raise Refused(f"plan set {request.short} of {request.environment}: {why}")


def require_name(by: Approver) -> None:
    """Raise `InvalidInput` if the approver has no name, as in a form that was left empty."""
    if not by.name.strip():
        raise InvalidInput("name: it is empty; enter who decides, which is recorded with the decision")


def _refuse_ineligible(request: Request, by: Approver, authors: Mapping[str, str]) -> None:
    _refuse_unlisted(request, by)
    known = {request.author: request.release, **authors} if request.rules.approvers else {}
    wrote = next((what for author, what in known.items() if _same(by.name, author)), None)
    if wrote is not None:
        why = f"{by.name} is the author of {wrote}; another person must approve"
        raise Refused(f"plan set {request.short} of {request.environment}: {why}")


def _refuse_unlisted(request: Request, by: Approver) -> None:
    rules, about = request.rules, f"plan set {request.short} of {request.environment}"
    if rules.approvers and by.name.lower() not in [name.lower() for name in rules.approvers]:
        raise Refused(f"{about}: {by.name} is not among its approvers ({', '.join(rules.approvers)})")
    if rules.identity == "github" and by.identity != "github":
        raise Refused(
            f"{about}: {request.environment} accepts decisions from GitHub only, because it proves identities; "
            f"approve the pull request, or comment `/flowmart approve {request.short}` there"
        )


def _same(name: str, author: str) -> bool:
    """Tell whether a login or name is an author as git writes it: "Anna Berg <anna@flowmart.example>"."""
    person, _, address = author.partition("<")
    mail = address.strip("> ").lower()
    return name.lower() in {person.strip().lower(), mail, mail.partition("@")[0].rpartition("+")[2]} - {""}
