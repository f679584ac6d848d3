"""Starts and stops one node on loopback, in a folder that keeps its data and its log."""

from __future__ import annotations

import contextlib
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from deployments.peers.golang import MissingProgram
from deployments.peers.opensearch import building

_SECONDS = 240
"""How long a node may take until it answers: machines are busy."""
_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Little memory, and nothing compiled twice: a node of tests lives for a minute."""
_HEALTH = "_cluster/health?wait_for_status=yellow&timeout=1s"


class NotStarted(Exception):
    """The node ended, or does not answer."""


class Node:
    """One node. `stop` it; it also ends when this process does.

    Args:
        folder: keeps data and log; a node that is started there again has the same data.
        port: on loopback; 0: the system chooses one.
        lifeline: a file descriptor; the node ends when what it reads there does, and no longer with this process.
    """

    def __init__(self, folder: Path, port: int = 0, lifeline: int = subprocess.PIPE) -> None:
        self.folder = folder.resolve()
        self._port = port
        self._lifeline = lifeline
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, once it has been started."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and return once it answers. Started again, it has the port that it had.

        Raises:
            NotStarted: it ended or does not answer; nothing is left running.
            MissingProgram: it is not built, or there is no Java.
        """
        jars, java = building.found(), building.java()
        if jars is None or java is None:
            raise MissingProgram("there is no OpenSearch: run make peers-opensearch")
        for name in ("config", "snapshots"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._announced.unlink(missing_ok=True)
        command = [str(java), *_OPTIONS, "-cp", f"{jars}/*", "OpenSearchNode", str(self.folder), str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=self._lifeline, stdout=log, stderr=log, cwd=self.folder)
        try:
            self._await()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it. Its data stays."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin:
            process.stdin.close()
        else:
            process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def _announced(self) -> Path:
        return self.folder / "port"

    @property
    def _log(self) -> Path:
        return self.folder / "node.log"

    def _await(self) -> None:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                raise NotStarted(f"OpenSearch ended while it was starting; see {self._log}: {self._said()}")
            if self._answers():
                return
            time.sleep(0.1)
        raise NotStarted(f"OpenSearch does not answer within {_SECONDS} s; see {self._log}: {self._said()}")

    def _answers(self) -> bool:
        if not self._announced.exists():
            return False
        self._port = int(self._announced.read_text())
        with contextlib.suppress(OSError, urllib.error.HTTPError):
            urllib.request.urlopen(f"{self.url}/{_HEALTH}", timeout=10).close()  # noqa: S310 -- loopback
            return True
        return False

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]
