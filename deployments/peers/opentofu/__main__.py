"""`build` OpenTofu, or without arguments say where it is."""

from __future__ import annotations

import sys

from deployments.peers import opentofu
from deployments.peers.golang import MissingProgram


def main(arguments: list[str]) -> int:
    """The exit code: 0, 1 when it is missing or cannot be built, 2 for wrong arguments."""
    if arguments not in ([], ["build"]):
        print("usage: python -m deployments.peers.opentofu [build]", file=sys.stderr)
        return 2
    try:
        path = opentofu.build() if arguments else opentofu.found()
    except MissingProgram as error:
        print(error, file=sys.stderr)
        return 1
    print(path or "there is no OpenTofu: run make peers-opentofu", file=sys.stdout if path else sys.stderr)
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
