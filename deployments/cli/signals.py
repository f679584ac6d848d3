"""Makes SIGTERM act like Ctrl-C: a run stops its tools, and the person sees what to do next.

Container platforms, systemd and batch systems stop programs with SIGTERM, which by default ends Python at once and
silently. While a flow runs, Prefect handles the signal itself and lets the flow clean up. Then it sends the signal
again (`capture_sigterm` in prefect.utilities.engine), and this module handles it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(BaseException):
    """SIGTERM arrived. Like KeyboardInterrupt, it must not be caught by error handlers."""


@contextmanager
def termination_raised() -> Iterator[None]:
    """Raise `Terminated` in the main thread on the first SIGTERM within the block; ignore further ones.

    A second one would interrupt the cleanup after the first.
    """

    def end(_: int, __: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def let_tools_be_interrupted() -> None:
    """Give tools the default SIGINT if this process ignores it, as background jobs of a shell do.

    Programs inherit an ignored signal, but not a handler. So a handler that does nothing is installed. Otherwise a
    tool that must stop would not save its state, and would be killed after its grace period.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)
