"""What a flow works with: the runtime of its run, and the executor for its verbs.

Inside a Prefect flow run, verbs are task runs. Outside of one, for example when no Prefect server responds, they are
threads of this process; only the run history is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, NamedTuple, cast

from prefect import State
from prefect.states import Completed

from tasks import settings
from tasks.jobs.desk import Desk
from tasks.ledger.history import History
from tasks.promotion.approval_requests import Request
from tasks.promotion.executor import Executor, LocalExecutor
from tasks.promotion.passage import Passage, Promote, through
from tasks.promotion.runtime import Runtime, compose
from tasks.promotion.stopping import Stops
from tasks.promotion.turns import Accounts
from tasks.reports.reporter import RunReporter, unpublished
from tasks.steps.executor import PrefectExecutor
from tasks.steps.guests import caller
from tasks.steps.pools import PrefectPools
from tasks.steps.publishing import await_pages, publish, run_address, run_id


class Session(NamedTuple):
    """The runtime and the executor of one flow run; unpack it as the first arguments of operations."""

    runtime: Runtime
    executor: Executor

    @property
    def history(self) -> History:
        """The history of the platform's environments."""
        return self.runtime.history


class _Together(NamedTuple):
    """What all runs share that belong to one flow run, which may run other flows in several threads."""

    stops: Stops
    accounts: Accounts


_together: ContextVar[_Together | None] = ContextVar("together", default=None)


def side_by_side(after: Mapping[str, Sequence[str]], promote: Promote) -> Passage:
    """Promote to environments in order, side by side where possible, as `through` does; raise if one failed."""
    shared = _Together(Stops(), Accounts())
    token = _together.set(shared)
    try:
        found = through(after, promote, shared.stops)
    finally:
        _together.reset(token)
    found.refuse_failures()
    return found


@contextmanager
def session() -> Iterator[Session]:
    """Yield a session for the current flow run; outside of one, its verbs run in threads of this process."""
    chosen, run = settings.load(), run_id()
    reporter = RunReporter(chosen, publish if run else unpublished, run_address(), run)
    shared = _together.get() or _Together(Stops(), Accounts())
    made = compose(chosen, run, reporter, stops=shared.stops, accounts=shared.accounts)
    runtime = replace(made, pool=PrefectPools(chosen.platform_name), root=caller.get() or run)
    if not run:
        yield Session(runtime, LocalExecutor(clock=runtime.clock))
        return
    executor = PrefectExecutor()
    try:
        yield Session(runtime, executor)
    finally:
        executor.cancel_what_never_began()
        await_pages()


@contextmanager
def job_session(environment: str, job: str) -> Iterator[Runtime]:
    """Yield the runtime for a job of a work pool; its logs also carry the id of the run that requested the job."""
    made = compose(settings.load(), run_id())
    asked = Desk(made.store, environment, made.clock.now).request(job)
    outermost = caller.set(asked.root or run_id())
    try:
        yield replace(made, root=asked.root, is_job=True)
    finally:
        caller.reset(outermost)


def finished(result: Any) -> Any:
    """Return a flow's result. A run that waits for an approval is shown as such, because it did not fail."""
    if isinstance(result, Request) and run_id():
        waiting = f"{result.environment} waits for an approval of {result.short}"
        return cast("State[Request]", Completed(name="AwaitingApproval", message=waiting, data=result))
    return result
