"""OpenTofu for tests: the one on PATH, or the one that make peers-opentofu built. And tests that any tool can run."""

from __future__ import annotations

import os
import shutil

from deployments.peers import opentofu

ON_OPENTOFU = ("test_opentofu.py", "test_opentofu_on_aws.py")
"""The contract tests that need it."""

GIVEN = "FLOWMART_TEST_TERRAFORM"
"""The variable that names another tool to run the tests of the Terraform engine with: tofu, or a terraform's path."""

ON_ANY_TERRAFORM = tuple(
    f"test_terraform_{subject}"
    for subject in (
        "builds",
        "engine",
        "kept_inits",
        "locks",
        "options",
        "paths",
        "rollbacks",
        "states",
        "validators",
        "vendoring",
    )
)
"""The files with these tests; `TestTerraform` is one of them too."""


def tofu() -> str | None:
    """Where it is, or None."""
    return shutil.which("tofu") or (str(found) if (found := opentofu.PEER.found()) else None)


def given() -> str:
    """The tool that these tests run with: `tofu` is the one that `tofu()` finds. Empty where that is not there."""
    name = os.environ.get(GIVEN) or "terraform"
    return (tofu() or "") if name == "tofu" else name
