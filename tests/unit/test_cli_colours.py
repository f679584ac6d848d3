"""Escape codes are for people at a terminal who did not say that they want none."""

from __future__ import annotations

import errno
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from rich.console import Console

from deployments.cli.progress import Progress, suits
from flows import logs
from tasks.promotion.under_way import AWAITS, BEGAN, ENDED, QUEUED, RESUMED
from tests.platforms.mini import MiniPlatform

PROJECT = Path(__file__).parents[2]
ESCAPE = "\x1b"

EVERY_KIND = """
import sys
from typer.main import get_command
from deployments import cli
def leaves(command, words=()):
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from leaves(inner, (*words, name))
for words in leaves(get_command(cli.app)):
    cli.run([*words, "--help"])
for typed in ("status", "history", "approvals", "release list", "show HEAD", "diff HEAD HEAD", "audit",
              "schema status", "show nothing", "no-such-command", "completion bash"):
    cli.run(typed.split())
"""
"""Runs the help of every command, and those that need no server, in one process."""


def printed(mini: MiniPlatform, program: str = EVERY_KIND, **variables: str) -> str:
    about = {"PROFILE": "none", "REPOSITORY": str(mini.repository), "STORE": mini.settings.store}
    own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    led = {f"FLOWMART_{name}": value for name, value in about.items()} | {"TERM": "xterm-256color"} | variables
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=PROJECT, env=own | led, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.fixture
def mini(tmp_path: Path) -> MiniPlatform:
    made = MiniPlatform(tmp_path)
    made.release("Paint it blue")
    return made


def test_on_a_pipe_nothing_has_escape_codes(mini: MiniPlatform) -> None:
    text = printed(mini)
    assert "Paint it blue" in text
    assert ESCAPE not in text


def test_who_wants_no_colours_gets_no_escape_codes(mini: MiniPlatform) -> None:
    # FORCE_COLOR stands for a terminal.
    text = printed(mini, FORCE_COLOR="1", NO_COLOR="1")
    assert "Paint it blue" in text
    assert ESCAPE not in text


def test_on_a_terminal_there_are_colours(mini: MiniPlatform) -> None:
    assert ESCAPE in printed(mini, "import deployments.cli as cli; cli.run(['show', 'nothing'])", FORCE_COLOR="1")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def said(stream: io.StringIO) -> str:
    logs.configure("text", stream, in_runs=False)
    structlog.get_logger("flowmart").info("applied", environment="dev", unit="first")
    return stream.getvalue()


def test_events_have_colours_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert ESCAPE in said(Terminal())
    assert ESCAPE not in said(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert ESCAPE not in said(Terminal())


# --- progress ---


def console(**more: object) -> Console:
    return Console(file=Terminal(), force_terminal=True, width=100, **more)  # type: ignore[arg-type]


def shown(progress: Progress) -> str:
    made = Console(file=io.StringIO(), width=100)
    made.print(progress.table())
    return made.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_what_is_under_way_is_shown_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = console()
    progress = Progress(terminal)
    logs.configure("text", progress.stream, in_runs=False, listeners=[progress])
    log = structlog.get_logger("flowmart.run").bind(environment="dev")
    for unit in ("first", "second"):
        log.debug(BEGAN, unit=unit, verb="apply")
    log.info("applied", unit="first", what="1 to create")
    log.debug(ENDED, unit="first", verb="apply")
    assert [line.split()[:4] for line in shown(progress).splitlines()] == [["…", "dev", "second", "apply"]]
    log.debug(ENDED, unit="second", verb="apply")
    assert shown(progress).strip() == ""
    written = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "1 to create" in written
    assert BEGAN not in written
    # What was shown is taken back: the cursor is where the next line belongs.
    assert written.count("\n") - written.count("\x1b[1A") == len(said_lines(written))


def said_lines(written: str) -> list[str]:
    return [line for line in written.splitlines() if "to create" in line]


def test_what_waits_is_shown_with_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    progress = Progress(console())
    logs.configure("text", progress.stream, in_runs=False, listeners=[progress])
    log = structlog.get_logger("flowmart.run").bind(environment="dev")
    log.debug(AWAITS, unit="shop", needs=["database", "cache"])
    log.debug(BEGAN, unit="database", verb="apply", usual=61.2)
    log.debug(BEGAN, unit="cache", verb="apply", usual=None)
    log.debug(QUEUED, unit="cache")
    assert rows(progress) == [
        "… dev database apply N s of about 61 s",
        "… dev cache apply waits for its turn",
        "‥ dev shop waits for database, cache",
    ]
    log.debug(ENDED, unit="database", verb="apply")
    log.debug(ENDED, unit="database", verb="smoke")
    log.debug(RESUMED, unit="cache")
    assert rows(progress) == ["… dev cache apply N s", "‥ dev shop waits for cache"]
    log.debug(ENDED, unit="cache", verb="apply")
    assert rows(progress) == []


def rows(progress: Progress) -> list[str]:
    """The rows, with N for the seconds that have passed, which a busy machine decides."""
    lines = (" ".join(line.split()) for line in shown(progress).splitlines() if line.strip())
    return [re.sub(r"(?<=apply )\d+ s", "N s", line) for line in lines]


def test_there_is_no_progress_for_those_who_cannot_watch_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert suits(console())
    assert not suits(console(color_system=None))
    assert not suits(Console(file=io.StringIO()))
    monkeypatch.setenv("TERM", "dumb")
    assert not suits(console())


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), BrokenPipeError()])
def test_a_terminal_that_is_gone_ends_no_run(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """As with `flowmart promote & disown`, when the window is closed."""
    monkeypatch.setenv("TERM", "xterm")

    class Gone(Terminal):
        def write(self, _: str) -> int:
            raise error

    progress = Progress(Console(file=Gone(), force_terminal=True))
    logs.configure("text", progress.stream, in_runs=False, listeners=[progress])
    log = structlog.get_logger("flowmart.run").bind(environment="dev")
    for event in (BEGAN, ENDED, BEGAN):
        log.debug(event, unit="first", verb="apply")
    log.info("applied", unit="first", what="1 to create")
    assert rows(progress) == ["… dev first apply N s"]
