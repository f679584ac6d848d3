"""Submit jobs to a pool, and wait for their answers.

no worker takes it in time     the run withdraws it, so that no worker ever will: unanswered, and nothing was started
the pool says that it ended    it is asked to stop its tools, in case it is alive. Without an answer soon after, it is
                               lost: unanswered, and the result has to be observed
the run is being cancelled     it is asked to stop its tools, and the run waits for the answer as for that of a tool
Prefect does not respond       a submitted job continues, and its answer is in the store; other jobs are submitted
                               later, within the time that a worker has to take them
Prefect rejects the job        as if no worker took it, but at once: that says nothing about the release, so the
                               release is not rejected
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
"""Seconds between two checks for an answer."""

_ASK = 5.0
"""Seconds between two requests to the pool."""

_PATIENT = 30.0
"""Seconds without a worker after which the log says what the job waits for."""

_CHANCE = 60.0
"""Seconds that every job waits for a worker, however long earlier jobs of its unit waited: workers come back."""

_LATE = 20.0
"""Seconds in which an answer may still arrive after the pool says that the job has ended."""

_STOPPED = GRACE + 30.0
"""Seconds to wait for the answer of a job that was asked to stop its tools."""


class Waiting:
    """The jobs of one run in one pool.

    Args:
        pool: reaches the pools; None: it cannot, because Prefect does not know this run.
        name: the pool's name.
        desk: the environment's jobs.
        environment: the environment's name.
        clock: tells the time and sleeps.
        stopped: returns whether the run is being cancelled.
        log: returns the logger of a unit.
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
        """Raise an error if jobs cannot be submitted to the pool."""
        self._pool.refuse_absent(self._name)

    def answer(self, job: str, request: JobRequest, seconds: float) -> Answer:
        """Submit a job, and wait for its answer; raises the error of the job.

        Args:
            job: the job's name.
            request: what to do.
            seconds: how long a job may wait for a worker, including earlier jobs of the unit for which none came;
                each job waits at least a minute, or this long if it is less.

        Raises:
            Unanswered: no worker took the job in time, or the worker is gone.
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
        """Remove a job whose answer was read, and that no recovery reads because it has no claim."""
        try:
            self._desk.remove([job])
        except Unanswered as error:
            self._log(unit).debug("jobs kept", what=str(error))

    def withdraw(self, job: str) -> bool:
        """Take a job so that no worker ever starts it; False if it has started already."""
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
        """Submit the job and return its id in the pool; "" if the response was lost and a worker has started it."""
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
        """Wait until a worker has started the job."""
        asked = began = self._clock.monotonic()
        warned = False
        while self._desk.begun(job) is None:
            now = self._clock.monotonic()
            if self._stopped():
                return self._withdraw(job, submitted, "the run is being cancelled")
            if now >= until:
                return self._withdraw(job, submitted, self._nobody(unit))
            if now - asked >= _ASK and (end := self._end(job, submitted)):
                return self._withdraw(job, submitted, f"it ended before it began: {end}")
            if not warned and now - began >= _PATIENT:
                self._log(unit).warning("waits for a worker", what=f"of the work pool {self._name}")
                warned = True
            asked = now if now - asked >= _ASK else asked
            self._clock.sleep(_LOOK)
        return None

    def _nobody(self, unit: str) -> str:
        return (
            f"no worker of the work pool {self._name} began it within the time limit of {unit}. Start one: "
            f"`FLOWMART_SERVER_POOL={self._name} flowmart server run worker`; or wait until those that run have room"
        )

    def _withdraw(self, job: str, submitted: str, why: str) -> None:
        """Withdraw the job and raise `Unanswered` with the reason; return if a worker was faster."""
        if not self.withdraw(job):
            return
        if submitted:
            self._pool.cancel(submitted)
        raise Unanswered(f"job {job} was not begun, so it changed nothing: {why}")

    def _ended(self, job: str, submitted: str) -> Answer:
        """Wait for the answer of a started job."""
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
        """Return how the job ended according to the pool; an unknown id is found by submitting the job again."""
        with suppress(Refused, Unanswered):
            return self._pool.end(submitted or self._pool.submit(self._name, self._environment, job))
        return ""

    def _last(self, job: str, seconds: float, why: str) -> Answer:
        """Ask a job to stop, and return its answer if it comes within `seconds`.

        Prefect is not asked to stop it, because it would not wait until the tool has saved its state.
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
