"""`build` sops, or print its path without arguments."""

import sys

from deployments.peers.sops import PEER

if __name__ == "__main__":
    sys.exit(PEER.main(sys.argv[1:]))
