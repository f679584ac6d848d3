"""`build` the providers, or print the mirror's folder without arguments."""

import sys

from deployments.peers.providers import MIRROR

if __name__ == "__main__":
    sys.exit(MIRROR.main(sys.argv[1:]))
