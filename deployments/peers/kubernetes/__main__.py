"""`build` the programs of a control plane, or start one with `up FOLDER` until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from deployments.peers.kubernetes import programs
from deployments.peers.kubernetes.control_plane import ControlPlane, NotStarted
from deployments.peers.kubernetes.programs import MissingProgram

_USAGE = "usage: python -m deployments.peers.kubernetes build | up FOLDER"


def main(arguments: list[str]) -> int:
    """The exit code: 0, 1 when a program is missing or does not start, 2 for wrong arguments."""
    try:
        if arguments == ["build"]:
            programs.build(print)
            return 0
        if len(arguments) == 2 and arguments[0] == "up":
            return _serve(Path(arguments[1]))
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
    print(f"FLOWMART_TEST_KUBECONFIG={plane.kubeconfig}", flush=True)
    ended.wait()
    plane.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
