"""OpenTofu for tests: the one on PATH, or the one that make peers-opentofu built."""

from __future__ import annotations

import shutil

from deployments.peers import opentofu

ON_OPENTOFU = ("test_opentofu.py",)
"""The contract tests that need it."""


def tofu() -> str | None:
    """Where it is, or None."""
    return shutil.which("tofu") or (str(found) if (found := opentofu.PEER.found()) else None)
