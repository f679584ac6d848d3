"""`build` the programs of a control plane, run one with `up FOLDER` until Ctrl-C, or `run COMMAND` on one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from deployments.peers.kubernetes import programs
from deployments.peers.kubernetes.control_plane import ControlPlane, NotStarted
from deployments.peers.kubernetes.programs import MissingProgram

_USAGE = "usage: python -m deployments.peers.kubernetes build | up FOLDER | run COMMAND..."
_LEADS_THERE = "FLOWMART_TEST_KUBECONFIG"


def main(arguments: list[str]) -> int:
    """Run the command line.

    Returns:
        The exit code: 0 or that of COMMAND; 1 if a program is missing or does not start; 2 for wrong arguments.
    """
    try:
        if arguments == ["build"]:
            programs.build(print)
            return 0
        if len(arguments) == 2 and arguments[0] == "up":
            return _serve(Path(arguments[1]))
        if arguments[:1] == ["run"] and arguments[1:]:
            return _run(arguments[1:])
    except (MissingProgram, NotStarted) as error:
        print(error, file=sys.stderr)
        return 1
    print(_USAGE, file=sys.stderr)
    return 2


def _serve(folder: Path) -> int:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    plane = ControlPlane(folder)
    plane.start()
    print(f"{_LEADS_THERE}={plane.kubeconfig}", flush=True)
    ended.wait()
    plane.stop()
    return 0


def _run(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="flowmart-") as folder:
        plane = ControlPlane(Path(folder))
        plane.start()
        try:
            return subprocess.run(command, env={**os.environ, _LEADS_THERE: str(plane.kubeconfig)}).returncode
        finally:
            plane.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
