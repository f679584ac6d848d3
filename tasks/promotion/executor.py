"""Run the verbs of a promotion, each when the steps it depends on have succeeded.

The order is defined once, in `tasks.promotion.promotion`, and the executor is passed in. `LocalExecutor` uses only
threads. Prefect's executor (`tasks.steps`) also shows every verb as a task run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass
from typing import Any, Protocol

from tasks.clock import Clock, SystemClock
from tasks.domain.errors import FlowmartError, Unanswered
from tasks.promotion.under_way import BEGAN, ENDED

RETRY_DELAYS = (2.0, 4.0)
"""Seconds to wait before each retry of a read-only verb that got no response."""


@dataclass(frozen=True)
class Verb:
    """One operation on a unit. A verb that only `reads` is retried if a dependency does not respond."""

    name: str
    do: Callable[..., Any]
    reads: bool = False

    def __call__(self, run: Any, unit: str, *arguments: object) -> Any:
        """Run the operation on a unit of an environment run, and log when it starts and ends."""
        log = run.log(unit)
        log.debug(BEGAN, verb=self.name, usual=run.usual(self.name, unit))
        began = time.monotonic()
        try:
            return self.do(run, unit, *arguments)
        finally:
            log.debug(ENDED, verb=self.name, seconds=round(time.monotonic() - began, 3))


class Step(Protocol):
    """One verb that was submitted."""

    def result(self) -> Any:
        """Wait for the verb, and return its result or raise its error."""

    def error(self) -> Exception | None:
        """Wait for the verb, and return its error; None if it succeeded or never started."""

    @property
    def began(self) -> bool:
        """Whether the verb started; it does not when one that it waits for failed. Blocks until that is known."""


class KnownStep:
    """A step whose result is known in advance: no verb runs."""

    began = True

    def __init__(self, known: Any) -> None:
        self._known = known

    def result(self) -> Any:
        """Return the known result."""
        return self._known

    def error(self) -> None:
        """Return None: the step cannot fail."""


class Executor(Protocol):
    """Runs verbs, several at the same time."""

    def submit(self, verb: Verb, run: Any, unit: str, *arguments: object, after: Sequence[Step] = ()) -> Step:
        """Start a verb when the steps among its arguments and those in `after` have succeeded.

        Args:
            verb: the operation.
            run: the environment run to work in.
            unit: the unit to work on.
            arguments: further arguments of the verb. A step here, or among the values of a dictionary here, is
                replaced by its result.
            after: further steps to wait for.

        Returns:
            The step, at once; its `result` waits.
        """


class NotBegun(Exception):
    """A verb was not started because one that it waits for failed."""


class LocalStep:
    """A verb that runs in a thread of this process."""

    def __init__(self) -> None:
        self.future: futures.Future[Any] = futures.Future()

    def result(self) -> Any:
        """Wait for the verb, and return its result or raise its error."""
        return self.future.result()

    def error(self) -> Exception | None:
        """Wait for the verb, and return its error; None if it succeeded or never started."""
        raised = self.future.exception()
        if raised is None or isinstance(raised, NotBegun):
            return None
        if isinstance(raised, Exception):
            return raised
        raise raised

    @property
    def began(self) -> bool:
        """Whether the verb started. Blocks until that is known."""
        return not isinstance(self.future.exception(), NotBegun)


class LocalExecutor:
    """Runs verbs in threads of this process.

    A verb that waits for other verbs holds no thread; one that waits for its turn does. So the pool has many more
    threads than units worked on at the same time: `turns` can choose the most urgent ready unit only among those that
    have a thread.
    """

    def __init__(self, threads: int = 200, clock: Clock | None = None) -> None:
        self._pool = futures.ThreadPoolExecutor(threads, thread_name_prefix="flowmart")
        self._clock = clock or SystemClock()

    def submit(self, verb: Verb, run: Any, unit: str, *arguments: object, after: Sequence[Step] = ()) -> LocalStep:
        """Start a verb when the steps it waits for have succeeded; see `Executor.submit`."""
        step = LocalStep()
        awaited = [found for found in (*_steps(arguments), *after) if isinstance(found, LocalStep)]
        _when_done(awaited, lambda: self._begin(step, verb, (run, unit, *arguments), awaited))
        return step

    def _begin(self, step: LocalStep, verb: Verb, arguments: Sequence[object], awaited: Sequence[LocalStep]) -> None:
        if any(found.future.exception() for found in awaited):
            step.future.set_exception(NotBegun(f"{verb.name}: something that it waits for failed"))
            return
        resolved = [_resolved(found) for found in arguments]
        self._pool.submit(self._run, step, verb, resolved)

    def _run(self, step: LocalStep, verb: Verb, arguments: Sequence[object]) -> None:
        try:
            step.future.set_result(self._tried(verb, *arguments))
        except BaseException as error:  # noqa: BLE001 (raised to the caller that reads the result)
            step.future.set_exception(error)

    def _tried(self, verb: Verb, run: Any, unit: Any, *arguments: object) -> Any:
        for delay in RETRY_DELAYS if verb.reads else ():
            try:
                return verb(run, unit, *arguments)
            except Unanswered:
                self._clock.sleep(delay)
        return verb(run, unit, *arguments)


def errors(steps: Iterable[Step]) -> tuple[Exception, ...]:
    """Wait for all steps, and return the errors of those that failed."""
    found = (step.error() for step in tuple(steps))
    return tuple(error for error in found if error is not None)


def errors_by_name(steps: Mapping[str, Step]) -> dict[str, Exception]:
    """Wait for all steps, and return {name: error} of those that failed."""
    found = {name: step.error() for name, step in steps.items()}
    return {name: error for name, error in found.items() if error is not None}


def raise_mistakes(raised: Iterable[Exception]) -> None:
    """Raise the first error that is not a `FlowmartError`: a bug says nothing about the release."""
    for error in raised:
        if not isinstance(error, FlowmartError):
            raise error


def _steps(arguments: Iterable[object]) -> Iterator[object]:
    for argument in arguments:
        yield from argument.values() if isinstance(argument, dict) else (argument,)


def _resolved(argument: object) -> object:
    if isinstance(argument, LocalStep):
        return argument.future.result()
    if isinstance(argument, KnownStep):
        return argument.result()
    if isinstance(argument, dict):
        return {key: _resolved(value) for key, value in argument.items()}
    return argument


def _when_done(steps: Sequence[LocalStep], then: Callable[[], None]) -> None:
    left, lock = len(steps), threading.Lock()
    if not left:
        then()
        return

    def one_more(_: futures.Future[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            last = left == 0
        if last:
            then()

    for step in steps:
        step.future.add_done_callback(one_more)
