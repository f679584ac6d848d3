"""Every delivery that was answered, kept until long after its flow run was started.

A delivery is written here before it is answered, so that a delivery that was acknowledged is never lost, whatever
happens to this process or to Prefect. Its id is unique: GitHub may send it any number of times. What is kept is what
a flow run is started with, not the payload: payloads hold more of other people's data than this needs.

    received ─▶ dispatched      its flow run exists
    received ─▶ ignored         a newer delivery about the same pull request or branch came first
    received ─▶ failed          Prefect refuses it; kept until somebody looks at it
    ignored, refused            from the beginning, with the reason
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

# The newest of each subject stays: it says which head was seen.
_PRUNE = """
DELETE FROM delivery WHERE state IN ('dispatched', 'ignored', 'refused') AND changed < ?
    AND (subject = '' OR number < (SELECT max(number) FROM delivery AS other WHERE other.subject = delivery.subject))
"""

_ACKNOWLEDGED = """
INSERT INTO acknowledgement VALUES (?, 1, ?)
ON CONFLICT DO UPDATE SET count = count + 1, seconds = seconds + excluded.seconds
"""

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
"""Upper bounds in seconds of how long GitHub waits for an answer; it waits for ten."""


class State(StrEnum):
    """Where a delivery stands."""

    RECEIVED = "received"
    DISPATCHED = "dispatched"
    IGNORED = "ignored"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Receipt:
    """What became of a delivery that came in; `known`: it was here before, and this one changed nothing."""

    state: State
    reason: str
    known: bool = False


@dataclass(frozen=True)
class Entry:
    """One delivery as it is kept. `at`, `changed`, `moment`: seconds since the epoch; `again`: times started anew."""

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
        """What keeps Prefect from starting a second run for the same wish."""
        wish = self.once or self.id
        return f"{wish}:{self.again}" if self.again else wish


class Inbox:
    """The deliveries in one SQLite file. Writing gives a future: done means it survives the machine's death."""

    def __init__(self, file: Path) -> None:
        """Open or make it; `InvalidInput` when the file cannot be that."""
        self._journal = Journal(file, STEPS)

    def close(self) -> None:
        """Finish what was asked for, and end."""
        self._journal.close()

    def receive(self, id: str, event: str, decision: Decision) -> Future[Receipt]:
        """Keep a delivery. One that was refused or failed before is decided anew; any other stays what it is."""
        row = {"id": id, "event": event, "now": time.time(), **_row(decision)}
        return self._journal.write(lambda connection: _receive(connection, row))

    def acknowledged(self, seconds: float) -> Future[None]:
        """Count that GitHub waited that long for an answer."""
        row = (next(bound for bound in BOUNDS if seconds <= bound), seconds)
        return self._journal.write(lambda connection: connection.execute(_ACKNOWLEDGED, row) and None)

    def dispatched(self, entry: Entry, run: str) -> Future[None]:
        """Its flow run exists. The truth whatever was written meanwhile, so it overwrites it."""
        return self._change(entry.number, "state = 'dispatched', reason = '', run = ?", run)

    def tried(self, entry: Entry, reason: str) -> Future[None]:
        """It could not be started now, and stays."""
        return self._change(entry.number, "tries = tries + 1, reason = ?", reason)

    def failed(self, entry: Entry, reason: str) -> Future[None]:
        """It will not be started as it is."""
        return self._change(entry.number, "tries = tries + 1, state = 'failed', reason = ?", reason)

    def ignored(self, entry: Entry, reason: str) -> Future[None]:
        """Nothing is started for it, and nothing is wrong with it."""
        return self._change(entry.number, "state = 'ignored', reason = ?", reason)

    def ended(self, entry: Entry, reason: str) -> Future[None]:
        """Its flow run is over, and nothing that it began on GitHub is left open."""
        return self._change(entry.number, "ended = 1, reason = ?", reason)

    def again(self, entry: Entry) -> Future[None]:
        """Have it started anew, also if it was before: then with a key that Prefect has not seen."""
        again = "again = again + (state = 'dispatched'), state = 'received', tries = 0, ended = 0, reason = ?"
        return self._change(entry.number, again, "asked for again")

    def waiting(self, without: Collection[str] = (), limit: int = 100) -> Sequence[Entry]:
        """Those that want a flow run, oldest first, `without` those of some deployments."""
        marks = ", ".join("?" for _ in without)
        where = f"state = 'received' AND deployment NOT IN ({marks}) ORDER BY number LIMIT ?"
        return self._select(where, *without, limit)

    def newest(self, states: Collection[State] = tuple(State), limit: int = 50) -> Sequence[Entry]:
        """The newest in any of these states, newest first."""
        marks = ", ".join("?" for _ in states)
        return self._select(f"state IN ({marks}) ORDER BY number DESC LIMIT ?", *states, limit)

    def under_way(self, limit: int = 100) -> Sequence[Entry]:
        """Those whose flow run was started and is not known to be over, oldest first."""
        return self._select("state = 'dispatched' AND ended = 0 ORDER BY changed LIMIT ?", limit)

    def find(self, beginning: str) -> Sequence[Entry]:
        """Those whose id begins so; at most two, which is enough to know that it is not one."""
        return self._select("substr(id, 1, ?) = ? LIMIT 2", len(beginning), beginning)

    def has(self, id: str) -> bool:
        """Whether a delivery of that id came in."""
        return bool(self._select("id = ? LIMIT 1", id))

    def has_seen(self, subject: str, head: str) -> bool:
        """Whether any delivery said that the subject stood at that commit."""
        return bool(self._select("subject = ? AND head = ? LIMIT 1", subject, head))

    def counts(self) -> Mapping[State, int]:
        """How many there are in each state."""
        with self._journal.reading() as connection:
            rows = connection.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall()
        return {State(state): number for state, number in rows}

    def tally(self) -> Mapping[tuple[str, State], int]:
        """How many deliveries of each event ended in each state, including those that were deleted since."""
        with self._journal.reading() as connection:
            rows = connection.execute("SELECT event, state, count FROM tally ORDER BY event, state").fetchall()
        return {(event, State(state)): count for event, state, count in rows}

    def acknowledgements(self) -> Mapping[float, tuple[int, float]]:
        """By upper bound in seconds: how many answers took up to that, and how long they took together."""
        with self._journal.reading() as connection:
            rows = connection.execute("SELECT bound, count, seconds FROM acknowledgement").fetchall()
        return {bound: (count, seconds) for bound, count, seconds in rows}

    def waiting_since(self) -> float | None:
        """When the oldest came in that still wants a flow run, in seconds since the epoch."""
        found = self.waiting(limit=1)
        return found[0].at if found else None

    def swept(self, repository: str) -> float | None:
        """When GitHub was last asked about the repository; `None`: never."""
        with self._journal.reading() as connection:
            row = connection.execute("SELECT at FROM sweep WHERE repository = ?", (repository,)).fetchone()
        return float(row["at"]) if row else None

    def sweep_done(self, repository: str, at: float) -> Future[None]:
        """GitHub was asked about the repository, and everything that it said is here."""
        write = "INSERT INTO sweep VALUES (?, ?) ON CONFLICT DO UPDATE SET at = excluded.at"
        return self._journal.write(lambda connection: connection.execute(write, (repository, at)) and None)

    def number_of(self, repository: str) -> int:
        """GitHub's number of a repository; 0 while it is not known."""
        with self._journal.reading() as connection:
            row = connection.execute("SELECT number FROM repository WHERE name = ?", (repository.lower(),)).fetchone()
        return int(row["number"]) if row else 0

    def learn(self, repository: str, number: int) -> Future[None]:
        """Keep GitHub's number of a repository, by which it is known when its name has changed."""
        write = "INSERT INTO repository VALUES (?, ?) ON CONFLICT DO UPDATE SET number = excluded.number"
        return self._journal.write(
            lambda connection: connection.execute(write, (repository.lower(), number)) and None
        )

    def prune(self, before: float) -> Future[int]:
        """Forget what was done with before that moment; how many. What waits or failed stays."""
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
    """Deliveries overtake each other, and may be sent again days later: GitHub's own time says what is newer."""
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
