"""Where the run and its jobs meet: objects of the store, each written once.

    jobs/<environment>/<moment>-<unit>-<call>-<random>/request.json     what is to be done, by the run
                                                       begun.json       by whoever is first, so once at most: the job,
                                                                        or the run that waited too long
                                                       abandoned.json   by the run: the job is to end its tools
                                                       answer.json      by the job

Names begin with the moment, so that those of one claim are found without reading what went before. Once the run that
asked is over they are removed (`clearing`).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

from tasks.domain import records
from tasks.domain.errors import AlreadyExists, InvalidInput, NotFound
from tasks.domain.events.claims import EndedHolder
from tasks.jobs.records import GONE, Answer, Begun, JobRequest
from tasks.ledger.store import PASSING, Store

FOLDER = PASSING
REQUEST, BEGUN, ABANDONED, ANSWER = _FILES = ("request", "begun", "abandoned", "answer")

_MOMENT = "%Y%m%dT%H%M%S%f"
_JOB = re.compile(r"(?P<moment>\d{8}T\d{12})-(?P<unit>.+)-(?P<call>[a-z]+)-[0-9a-f]{8}")
_ENVIRONMENT = re.compile(r"[a-z0-9-]+")

_T = TypeVar("_T")


class Desk:
    """The jobs of one environment.

    Args:
        store: where they are kept.
        environment: its name.
        now: the time of day.

    Attributes:
        asked: the jobs that were asked for here.
    """

    def __init__(self, store: Store, environment: str, now: Callable[[], datetime]) -> None:
        if not _ENVIRONMENT.fullmatch(environment):
            raise InvalidInput(f"{environment!r} is not the name of an environment")
        self._store = store
        self._environment = environment
        self._now = now
        self.asked: set[str] = set()

    def ask(self, request: JobRequest) -> str:
        """Write down what is to be done; the job's name."""
        job = f"{self._now().strftime(_MOMENT)}-{request.target.unit}-{request.call}-{uuid4().hex[:8]}"
        self.asked.add(job)
        self._create(job, REQUEST, replace(request, plan=_without_artifact(request)))
        return job

    def request(self, job: str) -> JobRequest:
        """What is to be done; `InvalidInput` where nobody asked for it."""
        found = self._read(job, REQUEST, JobRequest)
        if found is None:
            raise InvalidInput(f"{self._environment}: no run asks for a job {job}; promotions start jobs themselves")
        return found

    def begin(self, job: str, holder: Mapping[str, Any], *, withdrawn: bool = False) -> bool:
        """Take a job; False if somebody has taken it already. `withdrawn`: so that nobody ever begins it.

        A store may repeat a write whose answer was lost, and then finds it taken: by whom is read.
        """
        mine = Begun({**holder, "token": uuid4().hex}, withdrawn)
        if self._is_created(job, BEGUN, mine):
            return True
        found = self.begun(job)
        same = found is not None and found.holder.get("token") == mine.holder["token"]
        return same or (withdrawn and found is not None and found.withdrawn)

    def begun(self, job: str) -> Begun | None:
        """Who took a job; None while nobody has."""
        return self._read(job, BEGUN, Begun)

    def abandon(self, job: str) -> None:
        """Tell a job to end its tools: nobody goes on with what it does."""
        self._is_created(job, ABANDONED, Begun({}))

    def is_abandoned(self, job: str) -> bool:
        """Whether a job was told to end its tools."""
        return self._read(job, ABANDONED, Begun) is not None

    def answer(self, job: str, answer: Answer) -> None:
        """Write down what a job came to; the first answer counts."""
        plan = replace(answer.plan, artifact=None) if answer.plan else None
        self._is_created(job, ANSWER, replace(answer, plan=plan))

    def answered(self, job: str) -> Answer | None:
        """What a job came to; None while that is not known."""
        return self._read(job, ANSWER, Answer)

    def unanswered_applies(self, since: datetime, unit: str = "") -> Iterator[tuple[str, Begun]]:
        """Applies of one or all units that were begun since a moment, and gave no answer yet."""
        for job, found in self._begun_since(since, lambda call, of: call == "apply" and unit in ("", of)):
            if self.answered(job) is None:
                yield job, found

    def give_up(self, job: str, begun: Begun) -> None:
        """Note that a job is over, since a person said so; should it live after all, its answer comes too late."""
        told = f"job {job} on {begun.holder.get('host', 'its machine')} is over: a person said so"
        self.answer(job, Answer(self._now().isoformat(), error=GONE, message=told))

    def gone(self, since: datetime) -> tuple[EndedHolder, ...]:
        """Who was at work on jobs, begun since a moment, that are over because a person said so."""
        found = [(begun, self.answered(job)) for job, begun in self._begun_since(since, lambda *_: True)]
        return tuple(
            EndedHolder(str(begun.holder.get("user", "")), str(begun.holder.get("host", "")), answer.at)
            for begun, answer in found
            if answer and answer.error == GONE
        )

    def files(self) -> dict[str, list[str]]:
        """{job: what there is of it}, of all jobs of the environment."""
        folder, found = f"{FOLDER}/{self._environment}", defaultdict[str, list[str]](list)
        for name in self._store.names(folder):
            job, _, file = name.removeprefix(f"{folder}/").partition("/")
            if _JOB.fullmatch(job):
                found[job].append(file.removesuffix(".json"))
        return found

    def remove(self, jobs: Collection[str]) -> None:
        """Remove jobs. The request goes first: what has none is begun by nobody."""
        self._store.remove([self._name(job, REQUEST) for job in jobs])
        self._store.remove([self._name(job, file) for job in jobs for file in _FILES if file != REQUEST])

    def _begun_since(self, since: datetime, wanted: Callable[[str, str], bool]) -> Iterator[tuple[str, Begun]]:
        """Jobs that are wanted, by call and unit: names say those, so that no other job is read."""
        folder = f"{FOLDER}/{self._environment}"
        after = f"{folder}/{since.astimezone(UTC).strftime(_MOMENT)}"
        for name in self._store.names(folder, after):
            job, _, file = name.removeprefix(f"{folder}/").partition("/")
            named = _JOB.fullmatch(job)
            if file != f"{BEGUN}.json" or named is None or not wanted(named["call"], named["unit"]):
                continue
            if (found := self.begun(job)) and not found.withdrawn:
                yield job, found

    def _create(self, job: str, what: str, content: object) -> None:
        self._store.create(self._name(job, what), json.dumps(records.encode(content)).encode())

    def _is_created(self, job: str, what: str, content: object) -> bool:
        with suppress(AlreadyExists):
            self._create(job, what, content)
            return True
        return False

    def _read(self, job: str, what: str, kind: type[_T]) -> _T | None:
        name = self._name(job, what)
        try:
            return records.decode(kind, json.loads(self._store.read(name)), name)
        except NotFound:
            return None

    def _name(self, job: str, what: str) -> str:
        if not _JOB.fullmatch(job) or "/" in job:
            raise InvalidInput(f"{job!r} is not the name of a job; promotions start jobs themselves")
        return f"{FOLDER}/{self._environment}/{job}/{what}.json"


def moment(job: str) -> datetime:
    """When a job was asked for, by its name."""
    return datetime.strptime(job.partition("-")[0], _MOMENT).replace(tzinfo=UTC)


def _without_artifact(request: JobRequest) -> Any:
    """The plan without the tool's own file, which may hold secrets and stays on the machine that made it."""
    return replace(request.plan, artifact=None) if request.plan else None
