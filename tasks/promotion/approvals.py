"""Approvals: a plan set's digest is asked for, then approved or refused by somebody; all of it is in the ledger.

A promotion that needs an approval ends after it has asked, so waiting costs nothing. What is approved is the digest
of all plans of an environment: another plan set is another question. An approval holds until the request expires.

Who approved is recorded together with how much that is proven: GitHub says who signed in there, a command line says
which user of which machine typed, and the Prefect UI has one login for everybody and proves nothing.
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
"""Digits of a digest that have to be given: fewer could be meant for another plan set."""

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
    """What is asked: the digest of an environment's plan set, what its units would do in words, who may answer.

    `author` wrote the commit that the release came from this time, as git writes it: not one to approve it.
    `rehearsal` is what is known of a rehearsed rollback.
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
    """What waits for a decision. `at` and `expires` are UTC; `units` what each plan would do, in words.

    `because` is why people are asked, `approved_by` those who have approved so far, `rehearsal` what is known of a
    rehearsed rollback now; "" where none is rehearsed.
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
        """What a person types."""
        return self.digest[:SHORTEST]

    @property
    def what(self) -> str:
        """What is to be done: "promote 3f2a1c", "roll back to 3f2a1c"."""
        return f"{self.purpose}{' to' if self.purpose == 'roll back' else ''} {self.release}"

    @property
    def until(self) -> str:
        """When it expires, for a person."""
        return f"{self.expires:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Decision:
    """What was last said of a plan set: `wanted`, or `approved` or `refused` by somebody."""

    kind: str
    request: Request
    by: str = ""

    def expired(self, now: datetime) -> bool:
        """Whether it is too late for it."""
        return now >= self.request.expires


def decisions(found: EnvironmentState) -> tuple[Decision, ...]:
    """The last word on every plan set that was asked for and that may still count, in the order of asking."""
    return tuple(Decision(each.decision, _request(found, each), each.by) for each in found.approvals)


def decided(found: EnvironmentState, digest: str, now: datetime) -> Decision | None:
    """What holds for a plan set at `now`; None when nobody asked, or when it is too late for what was said."""
    known = {decision.request.digest: decision for decision in decisions(found)}.get(digest)
    return None if known is None or known.expired(now) else known


def waiting(ledger: Ledger, now: datetime) -> tuple[Request, ...]:
    """The requests of all environments that nobody has decided on yet, oldest first; one an environment.

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
    """Ask for an approval; the request that is open already, when it is the same, of the same author."""
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
    """Approve the plan set that waits under a digest, or its first digits.

    Args:
        authors: who else wrote what it brings, as git writes them, and what each wrote; see `tasks.authorship`.

    Returns:
        The request as it is then: nothing may be applied while others are `missing`.

    Raises:
        Refused: this person may not approve it.
    """
    require_name(by)
    request = find(ledger, digest, now)
    _refuse_ineligible(request, by, authors or {})
    return _decide(ledger, request, PlanSetApproved, by, now, reason)


def refuse(ledger: Ledger, digest: str, by: Approver, now: datetime, reason: str) -> Request:
    """Reject the release of a waiting plan set in its environment. The author may do so too."""
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
    """The one request that waits at `now` with a digest that begins so; `NotFound` or `InvalidInput` otherwise."""
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
        # Two people may answer at the same time: the first word counts.
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
    """Raise `InvalidInput` when nobody is named, as in a form that was left empty."""
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
    """Whether a login or name is an author as git writes it: "Anna Berg <anna@flowmart.example>"."""
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
