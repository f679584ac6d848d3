"""Example repositories as `flowmart init` takes them, promoted from dev to production with the real terraform."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.repositories import commit, copied
from tests.platforms.terraform_roots import EXECUTABLE

PROJECT = Path(__file__).parents[2]


def flowmart(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the product in a repository, without AWS and without a Prefect server."""
    own = {
        "PYTHONPATH": str(PROJECT),
        "FLOWMART_REPOSITORY": str(repository),
        "FLOWMART_STORE": str(repository.parent / "store"),
        "FLOWMART_PROFILE": "none",
        "FLOWMART_TERRAFORM": EXECUTABLE,
        "PREFECT_HOME": str(repository.parent / "prefect"),
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
    }
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "deployments.cli", *arguments]
    return subprocess.run(command, env={**variables, **own}, cwd=PROJECT, capture_output=True, text=True)


def outputs(states: Path) -> dict[str, Any]:
    """The outputs in all states, by their paths."""
    found = {}
    for file in states.rglob("*.tfstate"):
        values = json.loads(file.read_text())["outputs"]
        found[str(file.relative_to(states))] = next(each["value"] for each in values.values())
    return found


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (
            "project-by-environment",
            {
                "dev/blue/network.tfstate": "shop dev 10.1.0.0/16",
                "dev/blue/app.tfstate": "1 of shop in shop dev 10.1.0.0/16",
                "production/blue/network.tfstate": "shop production 10.2.0.0/16",
                "production/blue/app.tfstate": "3 of shop in shop production 10.2.0.0/16",
            },
        ),
        (
            "one-generic-root",
            {
                "dev/level1-networking.tfstate": ["hub"],
                "dev/level2-apps.tfstate": ["shop"],
                "production/level1-networking.tfstate": ["hub"],
                "production/level2-apps.tfstate": ["shop"],
            },
        ),
    ],
)
def test_a_repository_is_promoted_as_it_is(shape: str, expected: Mapping[str, Any], tmp_path: Path) -> None:
    states = tmp_path / "states"
    repository = copied(shape, tmp_path, {"/var/lib/shop": str(states)})
    begun = flowmart(repository, "init")
    assert begun.returncode == 0, begun.stderr
    file = repository / "infrastructure/platform.yaml"
    file.write_text(file.read_text().replace("/var/lib/flowmart/states", str(states)))
    commit(repository, "begin")
    done = flowmart(repository, "promote")
    assert done.returncode == 0, done.stderr
    assert outputs(states) == expected
