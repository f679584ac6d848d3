"""`build` Terragrunt, or without arguments say where it is."""

from __future__ import annotations

import sys

from deployments.peers import terragrunt
from deployments.peers.golang import MissingProgram


def main(arguments: list[str]) -> int:
    """The exit code: 0, 1 when it is missing or cannot be built, 2 for wrong arguments."""
    if arguments not in ([], ["build"]):
        print("usage: python -m deployments.peers.terragrunt [build]", file=sys.stderr)
        return 2
    try:
        path = terragrunt.build() if arguments else terragrunt.found()
    except MissingProgram as error:
        print(error, file=sys.stderr)
        return 1
    print(path or "there is no Terragrunt: run make peers-terragrunt", file=sys.stdout if path else sys.stderr)
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
