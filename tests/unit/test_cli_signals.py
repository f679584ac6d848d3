"""Signals to the command: it says what happened and what follows."""

import os
import signal
import subprocess
import sys
from pathlib import Path

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

MAIN = "import sys; from deployments import cli; sys.argv = ['flowmart', 'status']; cli.main()"

BACKGROUND = """
import signal, subprocess, sys
from deployments import cli

signal.signal(signal.SIGINT, signal.SIG_IGN)

@cli.app.command()
def ask() -> None:
    told = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    subprocess.run([sys.executable, "-c", told])
    signal.raise_signal(signal.SIGINT)
    print("not interrupted")

sys.argv = ["flowmart", "ask"]
cli.main()
"""


def test_the_tools_of_a_background_job_can_be_interrupted_and_it_itself_cannot() -> None:
    environment = {**os.environ, "FLOWMART_PROFILE": "none"}
    done = subprocess.run([sys.executable, "-c", BACKGROUND], env=environment, text=True, capture_output=True)
    assert sorted(done.stdout.split("\n")) == ["", "True", "not interrupted"]


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


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["schema", "status"]])
def test_output_that_nobody_reads_is_no_rejection(arguments: list[str]) -> None:
    """As in `flowmart history dev | head`."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "deployments.cli", *arguments]
    done = subprocess.run(
        command, env={**os.environ, "FLOWMART_PROFILE": "none"}, stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_folder_that_was_removed_is_named(tmp_path: Path) -> None:
    script = f"import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); {MAIN}"
    environment = {**os.environ, "FLOWMART_PROFILE": "none", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, text=True, capture_output=True
    )
    assert (done.returncode, "the current folder does not exist any more" in done.stderr) == (64, True)


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
