"""Stores every delivery that was acknowledged, until long after its flow run was started.

A delivery is stored before the response is sent. So an acknowledged delivery is never lost, whatever happens to this
process or to Prefect. Its id is unique, however often GitHub sends it. Only what a flow run needs is stored, not the
payload, which contains more personal data than this needs.

    received ─▶ dispatched      its flow run exists
    received ─▶ ignored         a newer delivery about the same pull request or branch superseded it
    received ─▶ failed          Prefect rejects it; kept until an operator looks at it
    ignored, refused            final from the start, with the reason
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deployments.github.events import Decision, Ignored, Intent, Parameters, Refusal
from deployments.github.journal import Journal
from deployments.github.schema import STEPS

_INSERT = """
INSERT INTO delivery (id, event, at, changed, state, reason, deployment, parameters, subject, head, moment,
    once, author)
VALUES (:id, :event, :now, :now, :state, :reason, :deployment, :parameters, :subject, :head, :moment,
    :once, :author)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, reason = excluded.reason, deployment = excluded.deployment, tries = 0,
    parameters = excluded.parameters, subject = excluded.subject, head = excluded.head, moment = excluded.moment,
    once = excluded.once, author = excluded.author, changed = excluded.changed
WHERE delivery.state IN ('refused', 'failed')
"""

_SAME = """
SELECT id FROM delivery WHERE once = :once AND id <> :id AND state IN ('received', 'dispatched') LIMIT 1
"""

_NEWER = """
SELECT id FROM delivery
WHERE subject = :subject AND id <> :id AND state IN ('received', 'dispatched')
    AND :moment > 0 AND (moment > :moment OR moment = :moment AND head = :head)
LIMIT 1
"""

_SUPERSEDE = """
UPDATE delivery SET state = 'ignored', reason = 'superseded by ' || :id, changed = :now
WHERE subject = :subject AND id <> :id AND state = 'received'
"""

# The newest of each subject stays, because it records which head was seen.
_PRUNE = """
DELETE FROM delivery WHERE state IN ('dispatched', 'ignored', 'refused') AND changed < ?
    AND (subject = '' OR number < (SELECT max(number) FROM delivery AS other WHERE other.subject = delivery.subject))
"""

_ACKNOWLEDGED = """
INSERT INTO acknowledgement VALUES (?, 1, ?)
ON CONFLICT DO UPDATE SET count = count + 1, seconds = seconds + excluded.seconds
"""

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
"""Upper bounds, in seconds, of the histogram of response times; GitHub waits ten seconds."""


class State(StrEnum):
    """The state of a delivery."""

    RECEIVED = "received"
    DISPATCHED = "dispatched"
    IGNORED = "ignored"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Receipt:
    """The result of storing a delivery. `known`: it was stored before, and nothing changed."""

    state: State
    reason: str
    known: bool = False


@dataclass(frozen=True)
class Entry:
    """A stored delivery. `at`, `changed`, `moment`: seconds since the epoch; `again`: the number of restarts."""

    number: int
    id: str
    event: str
    at: float
    changed: float
    state: State
    reason: str
    deployment: str
    parameters: Parameters
    subject: str
    head: str
    moment: float
    tries: int
    again: int
    run: str
    once: str
    author: str
    ended: float

    @property
    def key(self) -> str:
        """The idempotency key: Prefect starts one run per key."""
        wish = self.once or self.id
        return f"{wish}:{self.again}" if self.again else wish


class Inbox:
    """The deliveries in one SQLite file. The future of a write is done once the write would survive a crash."""

    def __init__(self, file: Path) -> None:
        """Open or create the file; raises `InvalidInput` if it cannot be used."""
        self._journal = Journal(file, STEPS)

    def close(self) -> None:
        """Finish the requested writes, and stop."""
        self._journal.close()

    def receive(self, id: str, event: str, decision: Decision) -> Future[Receipt]:
        """Store a delivery. One that was refused or failed is decided again; any other is left unchanged."""
        row = {"id": id, "event": event, "now": time.time(), **_row(decision)}
        return self._journal.write(lambda connection: _receive(connection, row))

    def acknowledged(self, seconds: float) -> Future[None]:
        """Count a response that took `seconds`."""
        row = (next(bound for bound in BOUNDS if seconds <= bound), seconds)
        return self._journal.write(lambda connection: connection.execute(_ACKNOWLEDGED, row) and None)

    def dispatched(self, entry: Entry, run: str) -> Future[None]:
        """Record that its flow run exists, overwriting whatever was written meanwhile."""
        return self._change(entry.number, "state = 'dispatched', reason = '', run = ?", run)

    def tried(self, entry: Entry, reason: str) -> Future[None]:
        """Record that it could not be started now; it keeps waiting."""
        return self._change(entry.number, "tries = tries + 1, reason = ?", reason)

    def failed(self, entry: Entry, reason: str) -> Future[None]:
        """Record that it will not be started as it is."""
        return self._change(entry.number, "tries = tries + 1, state = 'failed', reason = ?", reason)

    def ignored(self, entry: Entry, reason: str) -> Future[None]:
        """Record that nothing is started for it, and that nothing is wrong with it."""
        return self._change(entry.number, "state = 'ignored', reason = ?", reason)

    def ended(self, entry: Entry, reason: str) -> Future[None]:
        """Record that its flow run has ended and that nothing of it is left open on GitHub."""
        return self._change(entry.number, "ended = 1, reason = ?", reason)

    def again(self, entry: Entry) -> Future[None]:
        """Queue it again. If it was started before, it gets a new key, so that Prefect starts another run."""
        again = "again = again + (state = 'dispatched'), state = 'received', tries = 0, ended = 0, reason = ?"
        return self._change(entry.number, again, "asked for again")

    def waiting(self, without: Collection[str] = (), limit: int = 100) -> Sequence[Entry]:
        """Return the deliveries that wait for a flow run, oldest first, except those for deployments in `without`."""
        marks = ", ".join("?" for _ in without)
        where = f"state = 'received' AND deployment NOT IN ({marks}) ORDER BY number LIMIT ?"
        return self._select(where, *without, limit)

    def newest(self, states: Collection[State] = tuple(State), limit: int = 50) -> Sequence[Entry]:
        """Return the newest deliveries in any of these states, newest first."""
        marks = ", ".join("?" for _ in states)
        return self._select(f"state IN ({marks}) ORDER BY number DESC LIMIT ?", *states, limit)

    def under_way(self, limit: int = 100) -> Sequence[Entry]:
        """Return the deliveries whose flow run was started and is not known to have ended, oldest first."""
        return self._select("state = 'dispatched' AND ended = 0 ORDER BY changed LIMIT ?", limit)

    def find(self, beginning: str) -> Sequence[Entry]:
        """Return the deliveries whose id has that prefix; at most two, enough to detect that it is ambiguous."""
        return self._select("substr(id, 1, ?) = ? LIMIT 2", len(beginning), beginning)

    def has(self, id: str) -> bool:
        """Tell whether a delivery with that id is stored."""
        return bool(self._select("id = ? LIMIT 1", id))

    def head_of(self, subject: str) -> str:
        """Return the newest head of a subject that a delivery reported, by GitHub's time; "" if none did."""
        found = self._select("subject = ? ORDER BY moment DESC, number DESC LIMIT 1", subject)
        return found[0].head if found else ""

    def counts(self) -> Mapping[State, int]:
        """Return the number of deliveries in each state."""
        with self._journal.reading() as connection:
            rows = connection.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall()
        return {State(state): number for state, number in rows}

    def tally(self) -> Mapping[tuple[str, State], int]:
        """Return how many deliveries of each event ended in each state, including those deleted since."""
        with self._journal.reading() as connection:
            rows = connection.execute("SELECT event, state, count FROM tally ORDER BY event, state").fetchall()
        return {(event, State(state)): count for event, state, count in rows}

    def acknowledgements(self) -> Mapping[float, tuple[int, float]]:
        """Return the number of responses, and their total seconds, by upper bound in seconds."""
        with self._journal.reading() as connection:
            rows = connection.execute("SELECT bound, count, seconds FROM acknowledgement").fetchall()
        return {bound: (count, seconds) for bound, count, seconds in rows}

    def waiting_since(self) -> float | None:
        """Return when the oldest waiting delivery arrived, in seconds since the epoch; None if none waits."""
        found = self.waiting(limit=1)
        return found[0].at if found else None

    def swept(self, repository: str) -> float | None:
        """Return when the repository was last swept, in seconds since the epoch; None if never."""
        with self._journal.reading() as connection:
            row = connection.execute("SELECT at FROM sweep WHERE repository = ?", (repository,)).fetchone()
        return float(row["at"]) if row else None

    def sweep_done(self, repository: str, at: float) -> Future[None]:
        """Record that a sweep of the repository is complete and that its results are stored."""
        write = "INSERT INTO sweep VALUES (?, ?) ON CONFLICT DO UPDATE SET at = excluded.at"
        return self._journal.write(lambda connection: connection.execute(write, (repository, at)) and None)

    def number_of(self, repository: str) -> int:
        """Return GitHub's id of a repository; 0 while unknown."""
        with self._journal.reading() as connection:
            row = connection.execute("SELECT number FROM repository WHERE name = ?", (repository.lower(),)).fetchone()
        return int(row["number"]) if row else 0

    def learn(self, repository: str, number: int) -> Future[None]:
        """Store GitHub's id of a repository, which identifies it even after it was renamed."""
        write = "INSERT INTO repository VALUES (?, ?) ON CONFLICT DO UPDATE SET number = excluded.number"
        return self._journal.write(
            lambda connection: connection.execute(write, (repository.lower(), number)) and None
        )

    def prune(self, before: float) -> Future[int]:
        """Delete deliveries finished before that moment and return their number. Waiting and failed ones stay."""
        return self._journal.write(lambda connection: connection.execute(_PRUNE, (before,)).rowcount)

    def _change(self, number: int, what: str, value: str) -> Future[None]:
        update = f"UPDATE delivery SET {what}, changed = ? WHERE number = ?"  # noqa: S608 - fixed texts of this class
        return self._journal.write(lambda c: c.execute(update, (value, time.time(), number)) and None)

    def _select(self, where: str, *values: object) -> Sequence[Entry]:
        select = f"SELECT * FROM delivery WHERE {where}"  # noqa: S608 - fixed texts of this class
        with self._journal.reading() as connection:
            return [_entry(row) for row in connection.execute(select, values)]


def _row(decision: Decision) -> dict[str, str | float]:
    intent = decision if isinstance(decision, Intent) else Intent("", {})
    noted = decision if isinstance(decision, Ignored) else intent
    return {
        "state": _begins_as(decision),
        "reason": "" if isinstance(decision, Intent) else decision.reason,
        "deployment": intent.deployment,
        "parameters": json.dumps(intent.parameters),
        "subject": noted.subject,
        "head": noted.head,
        "moment": intent.moment,
        "once": intent.once,
        "author": intent.author,
    }


def _begins_as(decision: Decision) -> State:
    match decision:
        case Intent():
            return State.RECEIVED
        case Ignored():
            return State.IGNORED
        case Refusal():
            return State.REFUSED


def _receive(connection: sqlite3.Connection, row: dict[str, str | float]) -> Receipt:
    """Deliveries can overtake each other and can be resent days later: GitHub's own time decides which is newer."""
    if row["subject"] and (newer := connection.execute(_NEWER, row).fetchone()):
        row |= {"state": State.IGNORED, "reason": f"superseded by {newer['id']}"}
    if row["once"] and (same := connection.execute(_SAME, row).fetchone()):
        row |= {"state": State.IGNORED, "reason": f"the same as delivery {same['id']}"}
    if not connection.execute(_INSERT, row).rowcount:
        found = connection.execute("SELECT state, reason FROM delivery WHERE id = :id", row).fetchone()
        return Receipt(State(found["state"]), found["reason"], known=True)
    if row["subject"] and row["state"] == State.RECEIVED:
        connection.execute(_SUPERSEDE, row)
    return Receipt(State(str(row["state"])), str(row["reason"]))


def _entry(row: sqlite3.Row) -> Entry:
    values = dict(row)
    return Entry(**{**values, "state": State(values["state"]), "parameters": json.loads(values["parameters"])})
