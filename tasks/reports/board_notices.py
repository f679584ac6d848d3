"""Selects what needs attention in an environment: the notices above the board, with links to details. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from tasks.domain import wording
from tasks.domain.outcome import Outcome
from tasks.domain.platform import Environment
from tasks.domain.release import Provenance
from tasks.ledger import rehearsals
from tasks.ledger.state import EnvironmentState, RecordedRehearsal
from tasks.promotion import approval_requests, windows
from tasks.promotion.approval_requests import Request
from tasks.promotion.claims import is_over
from tasks.reports import keys


class Kind(StrEnum):
    """The kinds of notices."""

    DAMAGED = "damaged"
    BLOCKED = "blocked"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    APPROVAL = "waits for approval"
    RUNNING = "running"
    FROZEN = "frozen"
    OMITTED = "omitted"
    REHEARSAL = "rehearsal failed"


@dataclass(frozen=True)
class Link:
    """A link to details."""

    text: str
    url: str


@dataclass(frozen=True)
class Links:
    """Builds links to the Prefect UI and to the repository on GitHub; an empty address makes no links."""

    prefect: str = ""
    repository: str = ""

    def run(self, run: str) -> tuple[Link, ...]:
        """Link to the run in the Prefect UI."""
        return (Link("run", f"{self.prefect}/runs/flow-run/{quote(run)}"),) if self.prefect and run else ()

    def artifact(self, text: str, key: str) -> tuple[Link, ...]:
        """Link to an artifact in the Prefect UI."""
        return (Link(text, f"{self.prefect}/artifacts/key/{quote(key)}"),) if self.prefect else ()

    def ui(self) -> tuple[Link, ...]:
        """Link to the pages that start and show runs."""
        if not self.prefect:
            return ()
        return Link("start a run", f"{self.prefect}/deployments"), Link("runs", f"{self.prefect}/runs")

    def origin(self, origin: Provenance) -> tuple[Link, ...]:
        """Link to the pull request of a release, or else to its commit."""
        if not self.repository:
            return ()
        if origin.pull_request:
            number = origin.pull_request
            return (Link(f"pull request #{number}", f"{self.repository}/pull/{number}"),)
        return (Link("commit", f"{self.repository}/commit/{quote(origin.commit)}"),) if origin.commit else ()


NOWHERE = Links()
"""Makes no links."""


@dataclass(frozen=True)
class Notice:
    """A notice about one environment."""

    kind: Kind
    environment: str
    text: str
    links: tuple[Link, ...] = ()


def notices(
    platform: str, environment: Environment, state: EnvironmentState, now: datetime, links: Links
) -> Iterator[Notice]:
    """Yield the notices of an environment whose ledger can be read.

    Args:
        platform: the platform's name.
        environment: as it is declared.
        state: its state in the ledger.
        now: the current time, with a time zone.
        links: where runs, plans and pull requests are shown.
    """
    name = environment.name
    yield from _of_a_run(state, links)
    for decision in approval_requests.decisions(state)[-1:]:
        if decision.kind == "wanted" and not decision.expired(now):
            plan = links.artifact("plan", keys.key(platform, keys.approval_key(name)))
            yield Notice(Kind.APPROVAL, name, asked(decision.request), plan)
    closed = windows.closed((), environment.freezes, state.frozen, now)
    if closed:
        yield Notice(Kind.FROZEN, name, closed)
    for omitted in state.past.omitted.get(state.verified or "", ()):
        yield Notice(Kind.OMITTED, name, omitted.description)
    if failed := _failed_rehearsal(state):
        yield Notice(Kind.REHEARSAL, name, rehearsals.sentence(failed))


def _failed_rehearsal(state: EnvironmentState) -> RecordedRehearsal | None:
    """Return the newest rehearsal if it failed and concerns the verified release; else None."""
    last = state.rehearsals[-1] if state.rehearsals else None
    if last is None or last.event.outcome is Outcome.SUCCEEDED:
        return None
    return last if state.verified in (last.event.release, last.event.earlier) else None


def _of_a_run(state: EnvironmentState, links: Links) -> Iterator[Notice]:
    name, claim = state.environment, state.claim
    run = links.run(claim.run) if claim else ()
    if state.blocked:
        what = f"{wording.first_line(state.blocked)}; repair it, then `flowmart resolve {name} --reason ...`"
        yield Notice(Kind.BLOCKED, name, what, run)
    elif state.interrupted:
        what = f"{wording.first_line(state.interrupted)}; `flowmart recover {name}`"
        yield Notice(Kind.INTERRUPTED, name, what, run)
    elif claim and is_over(claim):
        yield Notice(Kind.INTERRUPTED, name, f"its run is gone; `flowmart recover {name}`", run)
    elif claim:
        yield Notice(Kind.RUNNING, name, begun(state), (*run, *links.origin(claim.provenance)))
    elif state.paused:
        evidence = "; ".join(line.strip() for line in state.paused.why.splitlines())
        what = f"{evidence}; `flowmart continue {name} --reason ...` or `flowmart rollback {name}`"
        yield Notice(Kind.PAUSED, name, what)


def words(state: EnvironmentState) -> str:
    """Describe the state of an environment for a person."""
    if state.blocked:
        return f"BLOCKED: {wording.first_line(state.blocked)}"
    if state.interrupted:
        return f"INTERRUPTED: {wording.first_line(state.interrupted)}; `flowmart recover {state.environment}`"
    if state.claim and is_over(state.claim):
        return f"its run is gone; `flowmart recover {state.environment}` or the next promotion recovers it"
    if state.claim:
        return f"busy: {begun(state)}"
    if state.paused:
        name = state.environment
        todo = f"`flowmart continue {name} --reason ...` or `flowmart rollback {name}`"
        return f"PAUSED: {wording.first_line(state.paused.why)}; {todo}"
    if state.verified:
        rejected = ", ".join(sorted(state.rejected))
        return f"verified{f'; rejected here: {rejected}' if rejected else ''}"
    return "not verified" if state.receipts else "nothing here yet"


def alarm(state: EnvironmentState) -> Kind | None:
    """Return the kind of what `words` has in capitals: it stays until an operator acts. None for any other state."""
    if state.blocked:
        return Kind.BLOCKED
    if state.interrupted:
        return Kind.INTERRUPTED
    return Kind.PAUSED if state.paused and not state.claim else None


def begun(state: EnvironmentState) -> str:
    """Describe what the run that holds an environment began, and whether it rolls back; "" if no run does."""
    claim = state.claim
    if claim is None:
        return ""
    why = state.attempt.rolling_back
    back = f"; it rolls back, because {wording.first_line(why)}" if why else ""
    rehearsal = f", rehearsing a rollback of {claim.rehearses}" if claim.rehearses else ""
    return f"{claim.actor} began to {claim.purpose} {claim.release}{rehearsal}{back}"


def asked(request: Request) -> str:
    """Describe an approval request: its subject, how many more people must approve, and why."""
    more = f" of {request.missing} more people" if request.missing > 1 else ""
    because = f", because {request.because}" if request.because else ""
    rehearsal = f"; {request.rehearsal}" if request.rehearsal else ""
    expires = f" (expires {request.until})"
    return f"{request.what}{more}{expires}{because}{rehearsal}; `flowmart approve {request.short}`"
