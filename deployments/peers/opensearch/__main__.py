"""`build` OpenSearch, run a node with `up FOLDER [PORT]` until Ctrl-C, or print its path without arguments."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from deployments.peers.golang import MissingProgram
from deployments.peers.opensearch import building
from deployments.peers.opensearch.node import Node, NotStarted

_USAGE = "usage: python -m deployments.peers.opensearch [build | up FOLDER [PORT]]"


def main(arguments: list[str]) -> int:
    """Run the command line.

    Returns:
        The exit code: 0; 1 if the program is missing, cannot be built or does not start; 2 for wrong arguments.
    """
    try:
        if arguments in ([], ["build"]):
            return _say(building.build() if arguments else building.found())
        if arguments[0] == "up" and len(arguments) in (2, 3) and all(map(str.isdigit, arguments[2:])):
            return _serve(Node(Path(arguments[1]), *map(int, arguments[2:])))
    except (MissingProgram, NotStarted) as error:
        print(error, file=sys.stderr)
        return 1
    print(_USAGE, file=sys.stderr)
    return 2


def _say(jars: Path | None) -> int:
    if jars is None:
        print("there is no OpenSearch: run make peers-opensearch", file=sys.stderr)
        return 1
    print(jars)
    print("start a node: python -m deployments.peers.opensearch up FOLDER")
    return 0


def _serve(node: Node) -> int:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    node.start()
    print(node.url, flush=True)
    ended.wait()
    node.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
