"""The real Terragrunt, built from source with Go. The user's own one on PATH may have another version.

make peers-terragrunt
FLOWMART_TERRAGRUNT=$(python -m deployments.peers.terragrunt) flowmart ...
"""

from __future__ import annotations

from pathlib import Path

from deployments.peers.golang import Program
from deployments.peers.one_program import Peer

VERSION = "1.1.3"
"""`go/terragrunt/go.mod` has the same version.

Without this stamp, the program reports 0.0.0 and every version constraint fails.
"""

_MODULE = "github.com/gruntwork-io/terragrunt"
PROGRAM = Program(
    "terragrunt",
    Path(__file__).with_name("go") / "terragrunt",
    _MODULE,
    f"-X {_MODULE}/internal/version.Version=v{VERSION}",
)
PEER = Peer("Terragrunt", PROGRAM, "name a Terragrunt of your own by FLOWMART_TERRAGRUNT")
