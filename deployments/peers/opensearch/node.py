"""Start and stop one node on loopback, in a folder that keeps its data and its log."""

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
"""How long a node may take until it responds. Machines may be busy."""
_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Little memory and only one compiler, because a node for tests lives for a minute."""
_HEALTH = "_cluster/health?wait_for_status=yellow&timeout=1s"


class NotStarted(Exception):
    """The node ended, or does not respond."""


class Node:
    """One node. Call `stop` to end it. It also ends with this process.

    Args:
        folder: The folder for data and log. A node that is started there again has the same data.
        port: The TCP port on 127.0.0.1; 0 lets the system choose one.
        lifeline: A file descriptor. The node ends when this input closes, instead of with this process.
    """

    def __init__(self, folder: Path, port: int = 0, lifeline: int = subprocess.PIPE) -> None:
        self.folder = folder.resolve()
        self._port = port
        self._lifeline = lifeline
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the node's address, once it has started."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the node, and wait until it responds. A restarted node keeps its port.

        Raises:
            NotStarted: The node ended or does not respond. No process is left running.
            MissingProgram: The node is not built, or Java is missing.
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
        """End the node. Its data is kept."""
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
