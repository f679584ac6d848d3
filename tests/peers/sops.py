"""sops for tests: the one on PATH, or the one that make peers-sops built."""

from __future__ import annotations

import shutil

from deployments.peers import sops

FILES = ("test_sops.py",)
"""The contract tests that need it."""

PROGRAM = shutil.which("sops") or str(sops.PEER.found() or "")
NOT_RUN = f"not run: {', '.join(FILES)} (no sops on PATH; make peers-sops builds it)"
