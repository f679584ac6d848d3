"""Promote a release through several environments, each as soon as those before it are verified.

    dev ── staging ─┬─ production-eu     verified
                    ├─ production-us     rejected; environments after it do not start
                    └─ production-ap     continues, whatever happens to the others

Environments that do not depend on each other run side by side, each in its own thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial

from tasks.promotion.approval_requests import Request
from tasks.promotion.promotion import amount_of
from tasks.promotion.stopping import Stops

Promote = Callable[[str], Request | None]
"""Promotes the release to one environment, and returns the request if that waits for an approval."""


@dataclass
class Passage:
    """How far a release came.

    Attributes:
        verified: environments in which something was done, and the release is now verified.
        requests: what waits for an approval.
        failed: {environment: why the release is not verified there}.
        not_begun: environments after one that is not verified.
    """

    verified: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    failed: dict[str, Exception] = field(default_factory=dict)
    not_begun: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """Each environment and its result, in one line."""
        waiting = [request.environment for request in self.requests]
        parts = {
            "verified in": self.verified,
            "failed in": [*self.failed],
            "waits for an approval in": waiting,
            "not begun in": self.not_begun,
        }
        return "; ".join(f"{what} {', '.join(names)}" for what, names in parts.items() if names)

    def refuse_failures(self) -> None:
        """Raise one error for all failures, with the results of the other environments; return if there are none."""
        if not self.failed:
            return
        errors = [*self.failed.values()]
        if self.verified or self.requests or self.not_begun or errors[1:]:
            raise amount_of(errors, self.summary)
        raise errors[0]


def through(after: Mapping[str, Sequence[str]], promote: Promote, stops: Stops) -> Passage:
    """Promote to every environment of `after`, each once all environments before it are verified.

    Args:
        after: {environment: those of the others that it comes after}, in order.
        promote: promotes to one environment.
        stops: stops the runs of the other threads when this one is interrupted.

    Returns:
        The result of each environment; failures are in it, not raised.
    """
    found, left = Passage(), dict(after)
    running: dict[Future[Request | None], str] = {}
    with ThreadPoolExecutor(max_workers=max(1, len(after)), thread_name_prefix="environment") as pool:
        try:
            while (ready := _ready(left, found)) or running:
                for name in ready:
                    del left[name]
                if len(ready) == 1 and not running:
                    # Run it in this thread, because signals reach only this one.
                    _note(found, ready[0], partial(promote, ready[0]))
                    continue
                running |= {pool.submit(copy_context().run, promote, name): name for name in ready}
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    _note(found, running.pop(done), done.result)
        except BaseException:
            stops.stop()
            raise
    found.not_begun = [*left]
    return found


def _ready(left: Mapping[str, Sequence[str]], found: Passage) -> list[str]:
    return [name for name, before in left.items() if {*before} <= {*found.verified}]


def _note(found: Passage, environment: str, promote: Callable[[], Request | None]) -> None:
    try:
        request = promote()
    except Exception as error:  # noqa: BLE001 (raised by the caller that reads the failures)
        found.failed[environment] = error
        return
    if request is None:
        found.verified.append(environment)
    else:
        found.requests.append(request)
