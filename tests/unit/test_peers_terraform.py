"""The newest Terraform of a package: runs, and is not the one on PATH."""

from __future__ import annotations

import os
import shutil

from deployments.peers.terraform import provide
from deployments.setup.terraform import version_of


def test_it_runs_beside_the_one_on_path() -> None:
    found = provide()
    assert (version_of(found) or (0,)) >= (1, 15)
    assert str(found) != shutil.which("terraform", path=os.environ["PATH"])
