"""The programs of a service: find them, check whether they could run, and run those that really run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from .root import place
from .unitfiles import Unit

NO_PROGRAM, NO_USER = "203/EXEC", "217/USER"
"""Why a program did not run, as systemd names it (systemd.exec(5), "Process Exit Codes")."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_SECONDS = 90


def why_not(unit: Unit) -> str:
    """Return why the service's main program could not run; empty if it could."""
    user = unit.last("Service", "User")
    if user and user not in _users():
        return NO_USER
    words = _words(unit, unit.last("Service", "ExecStart").lstrip("-@:+!"))
    return "" if words and _program(words[0]) else NO_PROGRAM


def run(unit: Unit, line: str) -> subprocess.CompletedProcess[str]:
    """Run a command line of a unit to completion, as the unit's user. Every failure becomes an exit code."""
    words = _words(unit, line)
    user = unit.last("Service", "User")
    if user and user not in _users():
        return _ended(words, 217, f"user {user}: no such user")
    if not words or not _program(words[0]):
        return _ended(words, 203, f"{line}: no such program")
    try:
        return subprocess.run(
            words,
            cwd=unit.last("Service", "WorkingDirectory", "/").lstrip("-"),
            env=_environment(unit),
            user=user or None,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _ended(words, 1, f"no end after {_SECONDS} s")
    except OSError as error:
        return _ended(words, 203, str(error))


def _ended(words: list[str], code: int, why: str) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess(words, code, "", why)


def _users() -> set[str]:
    lines = place("/etc/passwd").read_text().splitlines()
    return {field for line in lines for field in line.split(":")[:3:2]}


def _program(word: str) -> Path | None:
    found = place(word) if word.startswith("/") else Path(shutil.which(word, path=_PATH) or "/nonexistent")
    return found if found.is_file() and os.access(found, os.X_OK) else None


def _words(unit: Unit, line: str) -> list[str]:
    """Split a command line and expand variables. A word that is only a variable is split too.

    Source: systemd.service(5), "Command lines".
    """
    known = _environment(unit)
    instance = unit.name.rpartition(".")[0].partition("@")[2]
    named = line.replace("%i", instance).replace("%I", instance).replace("%n", unit.name)
    words: list[str] = []
    for word in shlex.split(named):
        alone = re.fullmatch(r"\$(\w+)", word)
        value = _VARIABLE.sub(lambda match: known.get(match[1] or match[2], ""), word)
        words += shlex.split(value) if alone else [value]
    return words


def _environment(unit: Unit) -> dict[str, str]:
    given = [word for value in unit.all("Service", "Environment") for word in shlex.split(value)]
    for path in unit.all("Service", "EnvironmentFile"):
        file = place(path.lstrip("-"))
        lines = file.read_text().splitlines() if file.is_file() else []
        given += [line.strip() for line in lines if "=" in line and line.strip()[0] not in "#;"]
    pairs = (word.partition("=") for word in given)
    return {"PATH": _PATH, **{name: value.strip("\"'") for name, _, value in pairs}}
