"""`build` sops, or without arguments say where it is."""

import sys

from deployments.peers.sops import PEER

if __name__ == "__main__":
    sys.exit(PEER.main(sys.argv[1:]))
