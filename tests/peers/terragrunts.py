"""The real Terragrunt, for the tests that need it: built by `make peers-terragrunt`, or the user's own."""

from __future__ import annotations

import os
import shutil

from deployments.peers import terragrunt

GIVEN = "FLOWMART_TERRAGRUNT"
_PROGRAM = os.environ.get(GIVEN) or terragrunt.PEER.found() or shutil.which("terragrunt")

PROGRAM = str(_PROGRAM) if _PROGRAM else ""
"""Its path; empty where there is none."""

FILES = "test_terragrunt_*.py"
"""The tests that are not collected where there is none."""

NOT_RUN = f"not run: {FILES}, since there is no Terragrunt (make peers-terragrunt builds one)"
