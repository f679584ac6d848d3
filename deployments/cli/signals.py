"""What SIGTERM does to the command: the same as Ctrl-C. A run ends its tools, and a person reads what follows.

A container platform, systemd and a batch system stop programs with SIGTERM, whose default ends Python at once and
without a word. While a Prefect flow runs, Prefect handles the signal itself, lets the flow clean up and sends it once
more (`capture_sigterm` in prefect.utilities.engine): then it comes here.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(BaseException):
    """SIGTERM arrived. Like KeyboardInterrupt, nothing that handles errors should catch it."""


@contextmanager
def termination_raised() -> Iterator[None]:
    """While this lasts, the first SIGTERM raises `Terminated` in the main thread; more of them are ignored.

    The second would otherwise interrupt the cleaning up after the first.
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
    """Let tools have SIGINT's default where this process ignores it, as the background jobs of a shell do.

    A program inherits that a signal is ignored, but not that it is handled: so it is handled, by doing nothing.
    Otherwise a tool that is to end would not save its state, and be killed for it once its grace is over.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)
