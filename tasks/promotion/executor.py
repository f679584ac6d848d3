"""Runs the verbs of a promotion in the order of what they wait for.

The order is defined once, in `tasks.promotion.promotion`; how it is executed is handed in. `LocalExecutor` uses
threads and nothing else. Prefect's executor (`tasks.steps`) shows every verb as a task run besides.
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
"""Seconds before a verb that only reads and got no answer is tried again."""


@dataclass(frozen=True)
class Verb:
    """One thing that is done to a unit. `reads`: it changes nothing, so it is retried when it gets no answer."""

    name: str
    do: Callable[..., Any]
    reads: bool = False

    def __call__(self, run: Any, unit: str, *arguments: object) -> Any:
        """Do it to a unit in an environment run. The log says when it begins and ends."""
        log = run.log(unit)
        log.debug(BEGAN, verb=self.name, usual=run.usual(self.name, unit))
        began = time.monotonic()
        try:
            return self.do(run, unit, *arguments)
        finally:
            log.debug(ENDED, verb=self.name, seconds=round(time.monotonic() - began, 3))


class Step(Protocol):
    """One verb under way."""

    def result(self) -> Any:
        """What the verb returned, once it has ended; raises what it raised."""

    def error(self) -> Exception | None:
        """What the verb raised, once it has ended; None when it succeeded or never began."""

    @property
    def began(self) -> bool:
        """Whether the verb was begun: it is not when one that it waits for failed. Waits until that is known."""


class KnownStep:
    """A step of which the result is known: nothing is done for it."""

    began = True

    def __init__(self, known: Any) -> None:
        self._known = known

    def result(self) -> Any:
        """What is known."""
        return self._known

    def error(self) -> None:
        """None."""


class Executor(Protocol):
    """Runs verbs, several at a time."""

    def submit(self, verb: Verb, run: Any, unit: str, *arguments: object, after: Sequence[Step] = ()) -> Step:
        """Begin a verb as soon as the steps among its arguments and those in `after` have succeeded.

        A step among the arguments, or among the values of a dictionary there, is replaced by its result.
        """


class NotBegun(Exception):
    """A verb was not begun, since one that it waits for failed."""


class LocalStep:
    """A verb under way in a thread of this process."""

    def __init__(self) -> None:
        self.future: futures.Future[Any] = futures.Future()

    def result(self) -> Any:
        """What the verb returned."""
        return self.future.result()

    def error(self) -> Exception | None:
        """What the verb raised; None when it succeeded or never began."""
        raised = self.future.exception()
        if raised is None or isinstance(raised, NotBegun):
            return None
        if isinstance(raised, Exception):
            return raised
        raise raised

    @property
    def began(self) -> bool:
        """Whether the verb was begun."""
        return not isinstance(self.future.exception(), NotBegun)


class LocalExecutor:
    """Threads of this process. A verb that waits for others holds no thread; one that waits for its turn does.

    So there are many more threads than units that are worked on at once: of those that are ready the most urgent one
    is to be next (`turns`), and it can only be chosen among those that have a thread.
    """

    def __init__(self, threads: int = 200, clock: Clock | None = None) -> None:
        self._pool = futures.ThreadPoolExecutor(threads, thread_name_prefix="flowmart")
        self._clock = clock or SystemClock()

    def submit(self, verb: Verb, run: Any, unit: str, *arguments: object, after: Sequence[Step] = ()) -> LocalStep:
        """Begin a verb once what it waits for has succeeded."""
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
        except BaseException as error:  # noqa: BLE001 (handed to whoever asks for the result)
            step.future.set_exception(error)

    def _tried(self, verb: Verb, run: Any, unit: Any, *arguments: object) -> Any:
        for delay in RETRY_DELAYS if verb.reads else ():
            try:
                return verb(run, unit, *arguments)
            except Unanswered:
                self._clock.sleep(delay)
        return verb(run, unit, *arguments)


def errors(steps: Iterable[Step]) -> tuple[Exception, ...]:
    """Wait for all; what those raised that failed."""
    found = (step.error() for step in tuple(steps))
    return tuple(error for error in found if error is not None)


def errors_by_name(steps: Mapping[str, Step]) -> dict[str, Exception]:
    """Wait for all; {name: what it raised} of those that failed."""
    found = {name: step.error() for name, step in steps.items()}
    return {name: error for name, error in found.items() if error is not None}


def raise_mistakes(raised: Iterable[Exception]) -> None:
    """Raise a bug of ours, or of a library, as it is: it says nothing about the release."""
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
