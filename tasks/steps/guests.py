"""Run a flow with or without a Prefect server: it does the same in the same time, only the run history is missing.

the server does not respond     the flow's function runs without Prefect, on threads of this process
it stops before the flow began  the same; a server that Prefect started for this process is stopped and not retried
it stops in the middle          the flow continues; its own result or error counts, not Prefect's
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
"""Seconds to wait for the server's response."""

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class _Attempt:
    """How far a flow's own function got, whatever Prefect reports."""

    began: bool = False
    ended: bool = False
    result: Any = None
    error: BaseException | None = None


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)

_plain: ContextVar[bool] = ContextVar("plain", default=False)
"""Whether an enclosing flow runs without Prefect."""

caller: ContextVar[str] = ContextVar("caller", default="")
"""The id of the outermost flow run that called the current flow; "" if none did."""


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """Wrap a flow's function so that it records how far it got, for `call`."""

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

    # Prefect reads a flow's parameters from its signature, whose types only the function's own module can resolve.
    noted.__signature__ = inspect.signature(function, eval_str=True)  # type: ignore[attr-defined]
    return noted


def _untagged(function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Call the function without the run's tags on its tasks: Prefect would request a slot for each tag."""
    with TagsContext(current_tags=set()):
        return function(*arguments, **named)


def call(flow: Flow[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Run a flow, as a flow run if a Prefect server responds. Returns and raises what its function does."""
    if not responds():
        return _plainly(flow, "Prefect does not respond", *arguments, **named)
    attempt = _Attempt()
    token = _attempt.set(attempt)
    outermost = caller.set(caller.get() or run_id())
    try:
        # Several platforms may share one run history, in which their runs have the same names.
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
    """Tell whether a Prefect server responds at PREFECT_API_URL.

    True if no address is set, because Prefect then starts its own server. False if that has failed for an enclosing
    flow.
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
    """Stop the server that Prefect started for this process; one that started too slowly would outlive it."""
    if not PREFECT_API_URL.value():
        # Import it here, because the server's code takes seconds to load.
        from prefect.server.api.server import SubprocessASGIServer

        SubprocessASGIServer().stop()


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
