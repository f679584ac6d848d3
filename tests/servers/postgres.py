"""A PostgreSQL of a test's own, on loopback, run by a user without rights, as PostgreSQL wants it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployments import ports

FILES = "test_several_machines.py"
NOT_RUN = f"not run: {FILES}, since there is no PostgreSQL (Debian, Ubuntu: apt-get install postgresql)"

_USER, _PASSWORD = "flowmart", "s3cret"
_TRIES = 5
_SECONDS = 120


def programs() -> Path | None:
    """The folder of its programs; Debian keeps those of a server off PATH. None where they are missing."""
    found = [Path(name) for name in filter(None, [shutil.which("initdb")])]
    folders = [each.resolve().parent for each in found] + sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    wanted = ("initdb", "postgres", "createdb", "pg_dump", "pg_restore")
    return next((each for each in folders if all((each / name).is_file() for name in wanted)), None)


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL."""

    programs: Path
    port: int

    def database(self, name: str) -> str:
        """The address of a database, made empty."""
        self.run("createdb", "--template", "template0", name)
        return f"postgresql://{_USER}:{_PASSWORD}@127.0.0.1:{self.port}/{name}"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its client programs, as the owner of all databases."""
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": _USER, "PGPASSWORD": _PASSWORD}
        subprocess.run(
            [self.programs / program, *arguments], env={**os.environ, **where}, check=True, timeout=_SECONDS
        )


@contextmanager
def started() -> Iterator[Cluster]:
    """A fresh cluster, gone afterwards."""
    found = programs()
    assert found is not None
    with tempfile.TemporaryDirectory(prefix="flowmart-postgres-") as name:
        folder = Path(name)
        (folder / "password").write_text(_PASSWORD)
        _give_away(folder)
        how = ("--username", _USER, "--pwfile", str(folder / "password"), "--auth", "scram-sha-256", "--no-sync")
        _checked([found / "initdb", "--pgdata", folder / "data", *how], folder)
        process, port = _listening(found, folder)
        try:
            yield Cluster(found, port)
        finally:
            process.terminate()
            process.wait(_SECONDS)


def _listening(found: Path, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Started on a free port; once more when somebody else was faster."""
    for _ in range(_TRIES):
        port = ports.free()
        with (folder / "log").open("wb") as log:
            command = [found / "postgres", "-D", folder / "data", "-p", str(port), "-k", "", "-F"]
            process = subprocess.Popen(
                [*command, "-c", "listen_addresses=127.0.0.1"], stdout=log, stderr=log, **_identity()
            )
        if _answers(process, port, folder / "data" / "postmaster.pid"):
            return process, port
    raise AssertionError(f"PostgreSQL does not start: {(folder / 'log').read_text()}")


def _answers(process: subprocess.Popen[bytes], port: int, status: Path) -> bool:
    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        lines = status.read_text().splitlines() if status.is_file() else []
        if len(lines) > 7 and lines[3] == str(port) and lines[7].strip() == "ready":
            return True
        time.sleep(0.1)
    return False


def _checked(command: list[Path | str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False, **_identity()
    )
    assert done.returncode == 0, done.stderr


def _identity() -> dict[str, int]:
    """Who runs it: root may not."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


def _give_away(folder: Path) -> None:
    identity = _identity()
    if identity:
        for each in (folder, *folder.iterdir()):
            os.chown(each, identity["user"], identity["group"])
