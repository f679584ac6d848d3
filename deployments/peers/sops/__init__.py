"""The real sops, built from source with Go. The user's own one on PATH may have another version.

make peers-sops
PATH="$(dirname "$(python -m deployments.peers.sops)"):$PATH" flowmart ...
"""

from __future__ import annotations

from pathlib import Path

from deployments.peers.golang import Program
from deployments.peers.one_program import Peer

VERSION = "3.13.3"
"""`go/sops/go.mod` has the same version."""

PROGRAM = Program("sops", Path(__file__).with_name("go") / "sops", "github.com/getsops/sops/v3/cmd/sops")
PEER = Peer("sops", PROGRAM, "install sops and put it on PATH")
