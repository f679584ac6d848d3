"""Approvals: a run asks for the approval of a plan set's digest; a person approves or refuses it in the ledger.

A promotion that needs an approval ends after asking, so waiting costs nothing. People approve the digest of all plans
of an environment: another plan set needs another approval. An approval is valid until the request expires.

The ledger records who approved, and how that identity was proven. GitHub proves who signed in there; a command line
proves which user of which machine typed. The Prefect UI has one login for everybody and proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from tasks.domain.errors import BrokenChain, InvalidInput, NotFound, Refused, UnreadableRecord
from tasks.domain.events import ApprovalRequested, PlanSetApproved, PlanSetDecision, PlanSetRefused, ReleaseRejected
from tasks.domain.platform import Approval
from tasks.domain.release import Release
from tasks.ledger import rehearsals
from tasks.ledger.chain import Ledger
from tasks.ledger.state import AskedApproval, EnvironmentState

log = structlog.get_logger("flowmart.approvals")

SHORTEST = 12
"""Fewest digits of a digest that identify a plan set: fewer could match another one."""

Identity = Literal["github", "host", "nothing"]
"""What proves who an approver is: a GitHub login, the user of a machine, or nothing."""


@dataclass(frozen=True)
class Approver:
    """Who decides, how ("command line", "Prefect UI", "GitHub review"), and what proves it."""

    name: str
    how: str
    identity: Identity


@dataclass(frozen=True)
class Question:
    """What a run asks: the plan set's digest, what its units would do in words, and who may approve.

    `author` wrote the commit of this request, as git writes it, and may not approve it. `rehearsal` is what is known
    of a rehearsed rollback.
    """

    environment: str
    digest: str
    units: Mapping[str, str]
    rules: Approval
    purpose: str = "promote"
    author: str = ""
    because: str = ""
    rehearsal: str = ""


@dataclass(frozen=True)
class Request:
    """A request for an approval. `at` and `expires` are UTC; `units` says what each plan would do, in words.

    `because` is why an approval is needed, `approved_by` who has approved so far. `rehearsal` is what is known now of
    a rehearsed rollback; "" if none is rehearsed.
    """

    environment: str
    release: str
    digest: str
    author: str
    asked_by: str
    at: datetime
    expires: datetime
    units: Mapping[str, str]
    rules: Approval
    purpose: str
    because: str = ""
    approved_by: tuple[str, ...] = ()
    rehearsal: str = ""

    @property
    def missing(self) -> int:
        """How many more people have to approve."""
        return max(0, self.rules.count - len(self.approved_by))

    @property
    def short(self) -> str:
        """The digits of the digest that a person types."""
        return self.digest[:SHORTEST]

    @property
    def what(self) -> str:
        """The operation: "promote 3f2a1c", "roll back to 3f2a1c"."""
        return f"{self.purpose}{' to' if self.purpose == 'roll back' else ''} {self.release}"

    @property
    def until(self) -> str:
        """When the request expires, for people."""
        return f"{self.expires:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Decision:
    """The latest decision on a plan set: `wanted`, `approved` or `refused`; `by` is who decided."""

    kind: str
    request: Request
    by: str = ""

    def expired(self, now: datetime) -> bool:
        """Tell whether the request has expired at `now`."""
        return now >= self.request.expires


def decisions(found: EnvironmentState) -> tuple[Decision, ...]:
    """Return the latest decision on each requested plan set that may still count, in the order of the requests."""
    return tuple(Decision(each.decision, _request(found, each), each.by) for each in found.approvals)


def decided(found: EnvironmentState, digest: str, now: datetime) -> Decision | None:
    """Return the decision that holds for a plan set at `now`; None if it was not requested or has expired."""
    known = {decision.request.digest: decision for decision in decisions(found)}.get(digest)
    return None if known is None or known.expired(now) else known


def waiting(ledger: Ledger, now: datetime) -> tuple[Request, ...]:
    """Return the undecided requests of all environments, oldest first and at most one for each environment.

    A newer request of an environment replaces the older one: its plans are what would be applied now. An environment
    whose ledger cannot be read is skipped.
    """
    newest = (decisions(found)[-1:] for found in _readable(ledger))
    found = [d.request for last in newest for d in last if d.kind == "wanted" and not d.expired(now)]
    return tuple(sorted(found, key=lambda request: request.at))


def _readable(ledger: Ledger) -> Iterator[EnvironmentState]:
    for name in ledger.environments():
        try:
            yield ledger.state(name)
        except (BrokenChain, UnreadableRecord) as error:
            log.error("ledger damaged", environment=name, why=str(error))


def want(ledger: Ledger, release: Release, question: Question, now: datetime) -> Request:
    """Request an approval; returns the open request if it has the same digest and author."""
    known = decided(ledger.state(question.environment), question.digest, now)
    if known is not None and known.kind == "wanted" and known.request.author == question.author:
        return known.request
    rules = question.rules
    asked = ApprovalRequested(
        release=release.id,
        plan_set=question.digest,
        units=question.units,
        author=question.author,
        expires=(now + timedelta(seconds=rules.expires)).isoformat(timespec="seconds"),
        approvers=rules.approvers,
        identity=rules.identity,
        purpose=question.purpose,
        count=rules.count,
        because=question.because,
        rehearsal=question.rehearsal,
    )
    entry = ledger.append(question.environment, asked)
    return _request(ledger.state(question.environment), AskedApproval(entry.at, entry.actor, asked))


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
    request = find(ledger, digest, now)
    _refuse_ineligible(request, by, authors or {})
    return _decide(ledger, request, PlanSetApproved, by, now, reason)


def refuse(ledger: Ledger, digest: str, by: Approver, now: datetime, reason: str) -> Request:
    """Refuse a waiting plan set, and reject its release in the environment. The author may do so too.

    Raises as `approve` does; `InvalidInput` also if the reason is empty.
    """
    require_name(by)
    if not reason.strip():
        raise InvalidInput("reason: it is empty; say why you refuse, for the author of the release")
    request = find(ledger, digest, now)
    _refuse_unlisted(request, by)
    _decide(ledger, request, PlanSetRefused, by, now, reason)
    why = f"refused by {by.name}: {reason}"
    ledger.append(request.environment, ReleaseRejected(release=request.release, why=why))
    return request


def find(ledger: Ledger, digest: str, now: datetime) -> Request:
    """Return the request that waits at `now` and whose digest begins so; raises `NotFound` or `InvalidInput`."""
    open_ones = waiting(ledger, now)
    known = ", ".join(f"{request.short} ({request.environment})" for request in open_ones) or "nothing"
    if not digest:
        raise InvalidInput(f"digest: none was chosen; waiting: {known}")
    if len(digest) < SHORTEST:
        raise InvalidInput(f"digest {digest}: give at least {SHORTEST} digits of it")
    for request in open_ones:
        if request.digest.startswith(digest):
            return request
    raise NotFound(
        f"digest {digest}: no plan set with it waits for an approval; waiting: {known}. A request ends when it "
        "expires or the plans change; promote again to request a new approval"
    )


def _decide(
    ledger: Ledger, request: Request, decision: type[PlanSetDecision], by: Approver, now: datetime, reason: str
) -> Request:
    def decide(state: EnvironmentState) -> PlanSetDecision:
        # Two people may decide at the same time: the first decision counts.
        found = decided(state, request.digest, now)
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
    after = {each.request.digest: each.request for each in decisions(ledger.state(request.environment))}
    return after.get(request.digest, request)


def _refuse_twice(request: Request, by: Approver) -> None:
    if by.name.lower() in [name.lower() for name in request.approved_by]:
        told = f"{by.name} has already approved it; another person must approve too"
        raise Refused(f"plan set {request.short} of {request.environment}: {told}")


def require_name(by: Approver) -> None:
    """Raise `InvalidInput` if the approver has no name, as in a form that was left empty."""
    if not by.name.strip():
        raise InvalidInput("name: it is empty; enter who decides, which is recorded with the decision")


def _refuse_ineligible(request: Request, by: Approver, authors: Mapping[str, str]) -> None:
    _refuse_unlisted(request, by)
    known = {request.author: request.release, **authors} if request.rules.approvers else {}
    wrote = next((what for author, what in known.items() if _same(by.name, author)), None)
    if wrote is not None:
        told = f"{by.name} is the author of {wrote}; another person must approve"
        raise Refused(f"plan set {request.short} of {request.environment}: {told}")


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


def _request(found: EnvironmentState, known: AskedApproval) -> Request:
    asked = known.asked
    rehearsal = rehearsals.before_decision(found, asked.release, asked.purpose)
    return Request(
        environment=found.environment,
        release=asked.release,
        digest=asked.plan_set,
        author=asked.author,
        asked_by=known.actor,
        at=datetime.fromisoformat(known.at),
        expires=datetime.fromisoformat(asked.expires),
        units=asked.units,
        rules=Approval(asked.approvers, identity=asked.identity, count=asked.count),
        purpose=asked.purpose,
        because=asked.because,
        approved_by=known.approved_by,
        rehearsal=rehearsals.sentence(rehearsal) if rehearsal else asked.rehearsal,
    )
