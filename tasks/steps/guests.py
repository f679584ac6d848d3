"""Prefect is a guest: a flow does the same without a server, in the same time, and only the run history misses it.

the server does not respond    the flow's function runs plainly, on threads of this process
it stops before the flow began the same; a server that Prefect started for this process is ended, and not tried again
it stops in the middle         the flow goes on; what it returned or raised counts, not what Prefect says of it
"""

from __future__ import annotations

import inspect
import urllib.request
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import structlog
from prefect import Flow, tags
from prefect.context import TagsContext
from prefect.settings import PREFECT_API_URL

from tasks import settings
from tasks.steps.publishing import run_id

log = structlog.get_logger("flowmart.steps")

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 3.0
"""Seconds within which a server that responds answers."""

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class _Attempt:
    """How far a flow's own function got, whatever Prefect makes of it."""

    began: bool = False
    ended: bool = False
    result: Any = None
    error: BaseException | None = None


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)

_plain: ContextVar[bool] = ContextVar("plain", default=False)
"""Whether a flow around this one runs plainly."""

caller: ContextVar[str] = ContextVar("caller", default="")
"""The id of the outermost flow run that called the flow which runs here; "" where none did."""


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """A flow's function that notes how far it got, for `call`."""

    @wraps(function)
    def noted(*arguments: P.args, **named: P.kwargs) -> R:
        attempt = _attempt.get()
        if attempt is None or attempt.began:
            return _untagged(function, *arguments, **named)
        attempt.began = True
        try:
            attempt.result = result = _untagged(function, *arguments, **named)
        except BaseException as error:
            attempt.error = error
            raise
        finally:
            attempt.ended = True
        return result

    # Prefect reads what a flow takes off its signature, whose names only the function's own module knows.
    noted.__signature__ = inspect.signature(function, eval_str=True)  # type: ignore[attr-defined]
    return noted


def _untagged(function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Call it so that its tasks do not have the run's tags: Prefect would ask for a concurrency slot of each."""
    with TagsContext(current_tags=set()):
        return function(*arguments, **named)


def call(flow: Flow[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Run a flow, as a flow run where a Prefect server responds. Returns and raises what its function does."""
    if not responds():
        return _plainly(flow, "Prefect does not respond", *arguments, **named)
    attempt = _Attempt()
    token = _attempt.set(attempt)
    outermost = caller.set(caller.get() or run_id())
    try:
        # Several platforms may have one run history, whose runs are called alike.
        with tags(settings.load().platform_name):
            return flow(*arguments, **named)
    except Exception as error:
        if attempt.error is not None:
            raise attempt.error from None
        if attempt.ended:
            log.warning("not in the run history", why=_line(error))
            return attempt.result  # type: ignore[no-any-return]
        if attempt.began:
            raise
        _end_own_server()
        return _plainly(flow, _line(error), *arguments, **named)
    finally:
        caller.reset(outermost)
        _attempt.reset(token)


def responds() -> bool:
    """Whether a Prefect server answers at PREFECT_API_URL.

    True where none is named, since Prefect then starts its own; not once that has failed for a flow around this one.
    """
    address = PREFECT_API_URL.value()
    if not address:
        return not _plain.get()
    try:
        _DIRECT.open(f"{address}/health", timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def _plainly(flow: Flow[P, R], why: str, *arguments: P.args, **named: P.kwargs) -> R:
    log.warning("not in the run history", why=why)
    token = _plain.set(True)
    try:
        return flow.fn(*arguments, **named)
    finally:
        _plain.reset(token)


def _end_own_server() -> None:
    """End the server that Prefect started for this process. One that was too slow would outlive it otherwise."""
    if not PREFECT_API_URL.value():
        # Imported here, since the server's code takes seconds.
        from prefect.server.api.server import SubprocessASGIServer

        SubprocessASGIServer().stop()


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
