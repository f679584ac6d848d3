"""`build` the providers, or without arguments say where they are."""

import sys

from deployments.peers.providers import MIRROR

if __name__ == "__main__":
    sys.exit(MIRROR.main(sys.argv[1:]))
