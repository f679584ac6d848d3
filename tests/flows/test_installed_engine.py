"""The example of docs/examples from the command line: an installed engine, two environments, no AWS, no Prefect."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.formats import ecs
from tests.platforms.installed import EXAMPLE, install

PROJECT = Path(__file__).parents[2]


class Greetings:
    """The example's platform in a git repository, promoted into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.target = folder, folder / "target"
        self.source = folder / "repository/infrastructure/greeting/greeting.txt"
        shutil.copytree(EXAMPLE / "infrastructure", folder / "repository/infrastructure")
        platform = folder / "repository/infrastructure/platform.yaml"
        platform.write_text(platform.read_text().replace("/tmp/greetings", str(self.target)))  # noqa: S108
        self._site = install(folder / "site")
        self._git("init", "--quiet")

    def release(self, text: str) -> None:
        """Commit a greeting."""
        self.source.write_text(text)
        self._git("add", "--all")
        self._git("-c", "user.name=ada", "-c", "user.email=ada@flowmart.example", "commit", "--quiet", "-m", text)

    @property
    def variables(self) -> dict[str, str]:
        """What a command of this platform is told."""
        own = {
            "PYTHONPATH": f"{self._site}{os.pathsep}{PROJECT}",
            "FLOWMART_REPOSITORY": str(self.folder / "repository"),
            "FLOWMART_STORE": str(self.folder / "store"),
            "FLOWMART_PROFILE": "none",
            "FLOWMART_LOG_FOLDER": str(self.folder / "log"),
            "PREFECT_HOME": str(self.folder / "prefect"),
            # Nobody listens there: the promotion goes on without a run history.
            "PREFECT_API_URL": "http://127.0.0.1:9/api",
        }
        return {**{name: value for name, value in os.environ.items() if not name.startswith("AWS_")}, **own}

    def promote(self) -> subprocess.CompletedProcess[str]:
        """Run `flowmart promote` for the newest commit, through all environments."""
        return self.run("promote")

    def run(self, *typed: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `flowmart`."""
        command = [sys.executable, "-m", "deployments.cli", *typed]
        return subprocess.run(command, env=self.variables, cwd=PROJECT, capture_output=True, text=True)

    def found(self) -> dict[str, str]:
        """The greeting in every environment."""
        return {file.parent.name: file.read_text() for file in self.target.glob("*/greeting.txt")}

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.folder / "repository"), *arguments], check=True)


@pytest.fixture
def greetings(tmp_path: Path) -> Greetings:
    return Greetings(tmp_path)


def test_an_installed_engine_is_promoted_and_a_bad_release_is_rolled_back(greetings: Greetings) -> None:
    greetings.release("Hello, world\n")
    good = greetings.promote()
    assert (good.returncode, greetings.found()) == (
        0,
        {"dev": "Hello, world\n", "production": "Hello, world\n"},
    ), good.stderr
    greetings.release("Goodbye, world\n")
    bad = greetings.promote()
    assert bad.returncode == 1, bad.stderr
    assert greetings.found() == {"dev": "Hello, world\n", "production": "Hello, world\n"}
    assert "rolled back" in bad.stdout + bad.stderr
    told = greetings.run("logs", "dev", "--level", "error")
    assert told.returncode == 0, told.stderr
    assert "rejected" in told.stdout
    lines = json.loads(greetings.run("logs", "--level", "debug", "--json").stdout)
    assert [(line["message"], ecs.mistakes(line)) for line in lines if ecs.mistakes(line)] == []
    ends = [line["event"]["outcome"] for line in lines if line["event"]["action"] == "command"]
    assert ends == ["success", "failure"]
