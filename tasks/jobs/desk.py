"""The jobs of an environment as objects of the store, each written once.

    jobs/<environment>/<moment>-<unit>-<call>-<random>/request.json     what to do, by the run
                                                       begun.json       by the first to take it, so at most once: the
                                                                        job, or the run that waited too long
                                                       abandoned.json   by the run: the job has to stop its tools
                                                       answer.json      by the job

Names start with the time, so that the jobs of one claim are listed without reading earlier ones. They are removed
once the requesting run is over (`clearing`).
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
        environment: the environment's name.
        now: returns the current time.

    Attributes:
        asked: the jobs that were requested through this object.
    """

    def __init__(self, store: Store, environment: str, now: Callable[[], datetime]) -> None:
        if not _ENVIRONMENT.fullmatch(environment):
            raise InvalidInput(f"{environment!r} is not the name of an environment")
        self._store = store
        self._environment = environment
        self._now = now
        self.asked: set[str] = set()

    def ask(self, request: JobRequest) -> str:
        """Write a request, and return the new job's name."""
        job = f"{self._now().strftime(_MOMENT)}-{request.target.unit}-{request.call}-{uuid4().hex[:8]}"
        self.asked.add(job)
        self._create(job, REQUEST, replace(request, plan=_without_artifact(request)))
        return job

    def request(self, job: str) -> JobRequest:
        """Return the request of a job; raises `InvalidInput` if there is none."""
        found = self._read(job, REQUEST, JobRequest)
        if found is None:
            raise InvalidInput(f"{self._environment}: no run asks for a job {job}; promotions start jobs themselves")
        return found

    def begin(self, job: str, holder: Mapping[str, Any], *, withdrawn: bool = False) -> bool:
        """Take a job unless another process has taken it.

        A store may repeat a write whose response was lost, and then reports that the name is taken. The stored token
        tells whether this call wrote it.

        Args:
            job: the job's name.
            holder: the process that takes it.
            withdrawn: take it so that no process ever starts it; a job that was withdrawn before counts as taken.

        Returns:
            Whether the job is taken by this call.
        """
        mine = Begun({**holder, "token": uuid4().hex}, withdrawn)
        if self._is_created(job, BEGUN, mine):
            return True
        found = self.begun(job)
        same = found is not None and found.holder.get("token") == mine.holder["token"]
        return same or (withdrawn and found is not None and found.withdrawn)

    def begun(self, job: str) -> Begun | None:
        """Return who took a job; None if it was not taken."""
        return self._read(job, BEGUN, Begun)

    def abandon(self, job: str) -> None:
        """Ask a job to stop its tools, because no run continues with its result."""
        self._is_created(job, ABANDONED, Begun({}))

    def is_abandoned(self, job: str) -> bool:
        """Tell whether a job was asked to stop its tools."""
        return self._read(job, ABANDONED, Begun) is not None

    def answer(self, job: str, answer: Answer) -> None:
        """Write the answer of a job; the first answer counts."""
        plan = replace(answer.plan, artifact=None) if answer.plan else None
        self._is_created(job, ANSWER, replace(answer, plan=plan))

    def answered(self, job: str) -> Answer | None:
        """Return the answer of a job; None if there is none yet."""
        return self._read(job, ANSWER, Answer)

    def unanswered_applies(self, since: datetime, unit: str = "") -> Iterator[tuple[str, Begun]]:
        """Yield (job, who took it) of unanswered applies that started since a moment; `unit` "" means all units."""
        for job, found in self._begun_since(since, lambda call, of: call == "apply" and unit in ("", of)):
            if self.answered(job) is None:
                yield job, found

    def give_up(self, job: str, begun: Begun) -> None:
        """Record that a job is over because a person said so; if it is alive, its own answer comes too late."""
        message = f"job {job} on {begun.holder.get('host', 'its machine')} is over: a person said so"
        self.answer(job, Answer(self._now().isoformat(), error=GONE, message=message))

    def gone(self, since: datetime) -> tuple[EndedHolder, ...]:
        """Return who worked on jobs, started since a moment, that a person declared over."""
        found = [(begun, self.answered(job)) for job, begun in self._begun_since(since, lambda *_: True)]
        return tuple(
            EndedHolder(str(begun.holder.get("user", "")), str(begun.holder.get("host", "")), answer.at)
            for begun, answer in found
            if answer and answer.error == GONE
        )

    def files(self) -> dict[str, list[str]]:
        """Return {job: which files it has} for all jobs of the environment."""
        found = defaultdict[str, list[str]](list)
        for named, file in self._listed():
            found[named[0]].append(file)
        return found

    def remove(self, jobs: Collection[str]) -> None:
        """Remove jobs. The request is removed first, because a job without one is never started."""
        self._store.remove([self._name(job, REQUEST) for job in jobs])
        self._store.remove([self._name(job, file) for job in jobs for file in _FILES if file != REQUEST])

    def _begun_since(self, since: datetime, wanted: Callable[[str, str], bool]) -> Iterator[tuple[str, Begun]]:
        """Yield started jobs that are wanted by call and unit; only these are read, since names contain both."""
        for named, file in self._listed(since.astimezone(UTC).strftime(_MOMENT)):
            if file != BEGUN or not wanted(named["call"], named["unit"]):
                continue
            if (found := self.begun(named[0])) and not found.withdrawn:
                yield named[0], found

    def _listed(self, after: str = "") -> Iterator[tuple[re.Match[str], str]]:
        """Yield the files of jobs, each with its job's name, matched; `after` leaves out jobs up to a moment."""
        folder = f"{FOLDER}/{self._environment}"
        for name in self._store.names(folder, f"{folder}/{after}" if after else None):
            job, _, file = name.removeprefix(f"{folder}/").partition("/")
            if named := _JOB.fullmatch(job):
                yield named, file.removesuffix(".json")

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
    """Return when a job was requested, from its name."""
    return datetime.strptime(job.partition("-")[0], _MOMENT).replace(tzinfo=UTC)


def _without_artifact(request: JobRequest) -> Any:
    """Return the plan without the tool's own file, which may hold secrets and stays on the machine that made it."""
    return replace(request.plan, artifact=None) if request.plan else None
