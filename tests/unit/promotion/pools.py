"""A work pool without machines: jobs run where they are submitted, or what a test wants happens to them instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks import process_identity
from tasks.domain.errors import Refused, Unanswered
from tasks.jobs.desk import Desk
from tasks.jobs.work import work
from tasks.promotion.runtime import Runtime
from tests.doubles.memory_store import MemoryStore

if TYPE_CHECKING:
    from tests.unit.promotion.conftest import Shop

Instead = Callable[[str, str], str]
"""What happens to a job in place of being done, by its environment and name; how the pool says that it ended."""


class KeepingStore(MemoryStore):
    """Lets nobody remove anything."""

    def _remove(self, names: Sequence[str]) -> None:
        raise Unanswered("access denied: s3:DeleteObject")


class FakePool:
    """One pool.

    Attributes:
        submitted: every job, in order.
        instead: {part of a job's name: what happens instead}, used up one by one.
        away: how often nobody responds before somebody does.
    """

    def __init__(self) -> None:
        self.runtime: Runtime | None = None
        self.submitted: list[str] = []
        self.cancelled: list[str] = []
        self.instead: list[tuple[str, Instead]] = []
        self.away = 0
        self.absent = False
        self._ends: dict[str, str] = {}

    @property
    def calls(self) -> list[str]:
        """What was submitted: "apply app"."""
        return [" ".join(reversed(job.split("-")[1:3])) for job in self.submitted]

    def job_runtime(self) -> Runtime:
        assert self.runtime is not None
        return replace(self.runtime, is_job=True, pool=None)

    def refuse_absent(self, name: str) -> None:
        if self.absent:
            raise Refused(f"no work pool {name}")

    def submit(self, name: str, environment: str, job: str) -> str:
        if self.away:
            self.away -= 1
            raise Unanswered("Prefect does not respond")
        self.submitted.append(job)
        self._ends[job] = self._happened(environment, job)
        return job

    def end(self, submitted: str) -> str:
        return self._ends[submitted]

    def cancel(self, submitted: str) -> None:
        self.cancelled.append(submitted)

    def _happened(self, environment: str, job: str) -> str:
        for planned in self.instead:
            if planned[0] in job:
                self.instead.remove(planned)
                return planned[1](environment, job)
        return self.done(environment, job)

    def done(self, environment: str, job: str) -> str:
        """Do a job here; what it raises is its answer."""
        with suppress(Exception):
            work(self.job_runtime(), environment, job)
        return "Completed"

    def desk(self, environment: str = "dev") -> Desk:
        runtime = self.job_runtime()
        return Desk(runtime.store, environment, runtime.clock.now)

    def taken(self, environment: str, job: str, host: str = "lost-machine") -> None:
        """Some machine begins a job, and is never heard of again."""
        self.desk(environment).begin(job, process_identity.current().record() | {"host": host})


def lost_after(shop: Shop, *, done: bool) -> Instead:
    """A machine begins a job and does nothing, or everything; then it is gone without a word."""

    def happens(environment: str, job: str) -> str:
        shop.pool.taken(environment, job)
        if done:
            request = shop.pool.desk(environment).request(job)
            assert request.plan is not None
            here = shop.world.objects[environment, request.target.unit]
            here.update({each.address: str((each.after or {})["value"]) for each in request.plan.changes})
        return "Crashed: no sign of life"

    return happens


def nobody(_: str, __: str) -> str:
    """No worker is there."""
    return ""
