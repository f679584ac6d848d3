"""Requests for an approval: what a run asks, which requests wait, and what was decided on them.

A promotion that needs an approval ends after asking, so waiting costs nothing. People approve the digest of all plans
of an environment: another plan set needs another approval. An approval is valid until the request expires.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from tasks.domain.errors import BrokenChain, InvalidInput, NotFound, UnreadableRecord
from tasks.domain.events import ApprovalRequested
from tasks.domain.platform import Approval
from tasks.domain.release import Release
from tasks.ledger import rehearsals
from tasks.ledger.chain import Ledger
from tasks.ledger.state import AskedApproval, EnvironmentState

log = structlog.get_logger("flowmart.approvals")

SHORTEST = 12
"""Fewest digits of a digest that identify a plan set: fewer could match another one."""


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

    def satisfies(self, rules: Approval) -> bool:
        """Tell whether its approvals also count under `rules`, which may have changed since it was made.

        Authors are only kept from approving where approvers are named, so without names it was not checked.
        """
        if rules.approvers and not self.rules.approvers:
            return False
        if rules.identity not in (Approval.identity, self.rules.identity):
            return False
        may = {name.lower() for name in rules.approvers}
        return sum(not may or name.lower() in may for name in self.approved_by) >= rules.count

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
    """Request an approval; returns the open request if it has the same digest, author and rules."""
    known, rules = decided(ledger.state(question.environment), question.digest, now), question.rules
    if known is not None and known.kind == "wanted" and _is_same(known.request, question):
        return known.request
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


def _is_same(request: Request, question: Question) -> bool:
    asked = question.rules
    rules = Approval(asked.approvers, identity=asked.identity, count=asked.count)
    return (request.author, request.rules) == (question.author, rules)


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
