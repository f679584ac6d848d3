"""The real OpenTofu, built from source with Go. The user's own one on PATH may have another version.

make peers-opentofu
FLOWMART_TERRAFORM=$(python -m deployments.peers.opentofu) flowmart ...
"""

from __future__ import annotations

from pathlib import Path

from deployments.peers.golang import Program
from deployments.peers.one_program import Peer

VERSION = "1.12.6"
"""`go/opentofu/go.mod` has the same version."""

_MODULE = "github.com/opentofu/opentofu"
PROGRAM = Program(
    "tofu",
    Path(__file__).with_name("go") / "opentofu",
    f"{_MODULE}/cmd/tofu",
    f"-X {_MODULE}/version.dev=no",
)
PEER = Peer("OpenTofu", PROGRAM, "name an OpenTofu of your own by FLOWMART_TERRAFORM")
