"""Gives jobs to a pool and waits for what they come to.

nobody takes it in time       the run takes it itself, so nobody ever will: no answer, and nothing was begun
the pool says that it ended   it is told to end its tools, should it live after all; without an answer in a while it
                              is lost: no answer, and what it did is to be observed
the run is being cancelled    it is told to end its tools, and its answer is awaited as that of a tool would be
Prefect does not respond      a job that is there goes on, and its answer is in the store; one that is not is given to
                              the pool later, within the time that it has until somebody takes it
Prefect says no               the same as nobody, at once: it says nothing about the release, so it is not a rejection
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tasks import process_identity
from tasks.clock import Clock
from tasks.domain.errors import Refused, Unanswered
from tasks.jobs.desk import Desk
from tasks.jobs.pool import Pool
from tasks.jobs.records import Answer, JobRequest
from tasks.processes import GRACE

_LOOK = 1.0
"""Seconds between two looks for an answer."""

_ASK = 5.0
"""Seconds between two questions to the pool."""

_PATIENT = 30.0
"""Seconds without anybody taking a job after which the log says what it waits for."""

_CHANCE = 60.0
"""Seconds that every job has until somebody takes it, however long others of its unit waited: workers come back."""

_LATE = 20.0
"""Seconds for which an answer may still come from a job that has ended, as the pool says."""

_STOPPED = GRACE + 30.0
"""Seconds for which the answer of a job is awaited that was told to end its tools."""


class Waiting:
    """The jobs of one run in one pool.

    Args:
        pool: the pools, as far as they can be asked; None: only runs that Prefect knows of can.
        name: of the pool.
        desk: where the environment's jobs are.
        environment: its name.
        clock: what waits.
        stopped: whether the run is being cancelled.
        log: the logger of a unit.
    """

    def __init__(
        self,
        pool: Pool | None,
        name: str,
        desk: Desk,
        environment: str,
        clock: Clock,
        stopped: Callable[[], bool],
        log: Callable[[str], Any],
    ) -> None:
        self._given = pool
        self._name = name
        self._desk = desk
        self._environment = environment
        self._clock = clock
        self._stopped = stopped
        self._log = log
        self._since: dict[str, float] = {}

    def refuse_absent(self) -> None:
        """Raise what keeps jobs from being given to the pool."""
        self._pool.refuse_absent(self._name)

    def answer(self, job: str, request: JobRequest, seconds: float) -> Answer:
        """What a job comes to; raises what it raised.

        Args:
            job: its name.
            request: what is to be done.
            seconds: for how long it may take until somebody has begun it, other jobs of the unit in which nobody was
                there included; a minute is there for each.

        Raises:
            Unanswered: nobody began it in time, or whoever did is gone.
        """
        unit = request.target.unit
        now = self._clock.monotonic()
        until = max(self._since.setdefault(unit, now) + seconds, now + min(seconds, _CHANCE))
        submitted = self._submitted(job, until)
        self._begun(job, submitted, unit, until)
        self._since.pop(unit, None)
        answer = self._ended(job, submitted)
        if not request.claim:
            self._clear(job, unit)
        answer.raise_error(job)
        return answer

    def _clear(self, job: str, unit: str) -> None:
        """Remove a job that was read and that no recovery asks about, since nothing was claimed for it."""
        try:
            self._desk.remove([job])
        except Unanswered as error:
            self._log(unit).debug("jobs kept", what=str(error))

    def withdraw(self, job: str) -> bool:
        """Take a job, so that nobody ever begins it; False if somebody has begun it already."""
        return self._desk.begin(job, process_identity.current().record(), withdrawn=True)

    @property
    def _pool(self) -> Pool:
        if self._given is None:
            raise Refused(
                f"{self._environment}: its units run in the work pool {self._name}, to which only a run that Prefect "
                "knows can give jobs; start one with `flowmart promote` or from the UI"
            )
        return self._given

    def _submitted(self, job: str, until: float) -> str:
        """What the pool knows the job by; "" where only its answer was lost, since somebody has begun the job."""
        pool = self._pool
        while True:
            try:
                return pool.submit(self._name, self._environment, job)
            except (Refused, Unanswered) as error:
                if self._desk.begun(job) is not None:
                    return ""
                if isinstance(error, Refused) or self._stopped() or self._clock.monotonic() >= until:
                    self._withdraw(job, "", str(error))
                self._clock.sleep(_ASK)

    def _begun(self, job: str, submitted: str, unit: str, until: float) -> None:
        """Return once somebody has begun the job."""
        asked = began = self._clock.monotonic()
        told = False
        while self._desk.begun(job) is None:
            now = self._clock.monotonic()
            if self._stopped():
                return self._withdraw(job, submitted, "the run is being cancelled")
            if now >= until:
                return self._withdraw(job, submitted, self._nobody(unit))
            if now - asked >= _ASK and (end := self._end(job, submitted)):
                return self._withdraw(job, submitted, f"it ended before it began: {end}")
            if not told and now - began >= _PATIENT:
                self._log(unit).warning("waits for a worker", what=f"of the work pool {self._name}")
                told = True
            asked = now if now - asked >= _ASK else asked
            self._clock.sleep(_LOOK)
        return None

    def _nobody(self, unit: str) -> str:
        return (
            f"no worker of the work pool {self._name} began it within the time limit of {unit}. Start one: "
            f"`FLOWMART_SERVER_POOL={self._name} flowmart server run worker`; or wait until those that run have room"
        )

    def _withdraw(self, job: str, submitted: str, why: str) -> None:
        """Take the job, so that nobody begins it, and say why; nothing to do if somebody was faster."""
        if not self.withdraw(job):
            return
        if submitted:
            self._pool.cancel(submitted)
        raise Unanswered(f"job {job} was not begun, so it changed nothing: {why}")

    def _ended(self, job: str, submitted: str) -> Answer:
        """The answer of a job that was begun."""
        asked = self._clock.monotonic()
        while (answer := self._desk.answered(job)) is None:
            if self._stopped():
                return self._last(job, _STOPPED, "the run is being cancelled")
            now = self._clock.monotonic()
            if now - asked >= _ASK:
                asked = now
                if end := self._end(job, submitted):
                    return self._last(job, _LATE, f"its process is gone: {end}")
            self._clock.sleep(_LOOK)
        return answer

    def _end(self, job: str, submitted: str) -> str:
        """How the pool says that a job ended. Given once more, the same job is what the pool knows it by."""
        with suppress(Refused, Unanswered):
            return self._pool.end(submitted or self._pool.submit(self._name, self._environment, job))
        return ""

    def _last(self, job: str, seconds: float, why: str) -> Answer:
        """The answer of a job that is told to end, if it comes within so many seconds.

        Prefect is not asked to end it: it would not wait until the tool has saved its state.
        """
        self._desk.abandon(job)
        until = self._clock.monotonic() + seconds
        while (answer := self._desk.answered(job)) is None:
            if self._clock.monotonic() >= until:
                begun = self._desk.begun(job)
                host = begun.holder.get("host", "another machine") if begun else "another machine"
                raise Unanswered(f"job {job} on {host} gave no answer: {why}")
            self._clock.sleep(_LOOK)
        return answer
