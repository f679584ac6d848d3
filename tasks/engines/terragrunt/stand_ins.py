"""Programs that Terragrunt runs in place of Terraform, where Terraform itself must not run."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RECORDED = "recorded"
"""The folder below the downloads in which `recording` writes plans."""

FAILED = "failed"
"""The folder in which it writes why an init failed. Terragrunt does not report that for dependencies."""

_WITHOUT_OUTPUTS = """#!/bin/sh
case "$*" in
  *version*) printf %s {version} ;;
  *) echo '{{}}' ;;
esac
"""
# Not a shell script: a shell drops variables with invalid names, such as inputs with a hyphen.
_RECORDING = """#!{python} -IS
import os
import sys

given = sys.argv[1:]
if given and given[0].endswith("-version"):
    sys.stdout.write({version!r})
elif given and given[0] == "plan":
    place = os.path.join(os.environ["TG_DOWNLOAD_DIR"], {folder!r})
    os.makedirs(place, exist_ok=True)
    # Whoever reads finds all of it or nothing, though this is killed while it writes.
    unfinished = os.path.join(os.environ["TG_DOWNLOAD_DIR"], ".recording-" + str(os.getpid()))
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(file, "wb") as opened:
        opened.write(ascii([os.getcwdb(), [*map(os.fsencode, given[1:])], dict(os.environb)]).encode())
    os.rename(unfinished, os.path.join(place, str(os.getpid())))
elif given and given[0] == "init":
    place = os.path.join(os.environ["TG_DOWNLOAD_DIR"], {failed!r})
    os.makedirs(place, exist_ok=True)
    file = os.path.join(place, str(os.getpid()))
    child = os.fork()
    if child == 0:
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
        os.execvp({terraform!r}, [{terraform!r}, *given])
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(file, errors="replace") as said:
        sys.stderr.write(said.read())
    if code == 0:
        os.unlink(file)
    sys.exit(code if code >= 0 else 128 - code)
else:
    os.execvp({terraform!r}, [{terraform!r}, *given])
"""


@dataclass(frozen=True)
class StandIns:
    """Both programs, for one Terraform."""

    without_outputs: Path
    recording: Path


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder that all units of a checkout share; other processes wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def provided(terraform: str, folder: Path, version: Callable[[], str]) -> StandIns:
    """Return both programs, which are written once for all units of a checkout.

    Args:
        terraform: the Terraform that they stand in for.
        folder: the folder to write them to.
        version: returns Terraform's version text, which Terragrunt reads with every command.
    """
    place = folder / hashlib.sha256(terraform.encode()).hexdigest()[:16]
    found = StandIns(place / "without-outputs", place / "recording")
    with one_at_a_time(place):
        if not found.recording.is_file():
            printed = version()
            without_outputs(printed, found.without_outputs)
            recording(terraform, printed, found.recording)
    return found


def without_outputs(version: str, file: Path) -> Path:
    """Write a program that only prints its version. It reports no outputs, so no backend is read."""
    return _program(_WITHOUT_OUTPUTS.format(version=shlex.quote(version)), file)


def recording(terraform: str, version: str, file: Path) -> Path:
    """Write a program that prints its version and records plans and failed inits. It runs Terraform for all else."""
    python = os.path.realpath(sys.executable)
    text = _RECORDING.format(python=python, version=version, folder=RECORDED, failed=FAILED, terraform=terraform)
    return _program(text, file)


def _program(text: str, file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o700)
    return file
