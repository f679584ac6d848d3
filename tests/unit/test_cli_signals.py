"""Signals to the command: it says what happened and what follows."""

import os
import signal
import subprocess
import sys

import pytest

from deployments.cli.signals import Terminated, termination_raised

WAITING = """
import signal, sys, time
from deployments import cli

# A shell's background jobs are started with SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

@cli.app.command()
def wait() -> None:
    print("ready", flush=True)
    time.sleep(60)

sys.argv = ["flowmart", "wait"]
cli.main()
"""


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGTERM, 143, "Stopped by SIGTERM."), (signal.SIGINT, 130, "Stopped by Ctrl-C.")],
)
def test_a_signal_ends_the_command_with_what_follows(number: signal.Signals, code: int, said: str) -> None:
    environment = {**os.environ, "FLOWMART_PROFILE": "none"}
    command = subprocess.Popen(
        [sys.executable, "-c", WAITING], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert command.stdout
    assert command.stdout.readline() == "ready\n"
    command.send_signal(number)
    _, told = command.communicate()
    assert command.returncode == code
    assert " ".join(told.split()).startswith(said)


def test_a_second_sigterm_does_not_interrupt_the_cleaning_up() -> None:
    cleaned = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append(True)

    with pytest.raises(Terminated), termination_raised():
        work()
    assert cleaned


def test_afterwards_sigterm_means_what_it_meant_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with termination_raised():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
