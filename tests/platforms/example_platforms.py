"""The example platforms of docs/examples: copied into a git repository, and promoted in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks import manifest
from tasks.domain.platform import Platform
from tasks.ledger.state import EnvironmentState
from tasks.promotion import operations
from tasks.promotion.approval_requests import Request
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime
from tasks.settings import Settings
from tests.doubles.memory_store import MemoryStore
from tests.platforms.repositories import commit, git
from tests.unit.promotion.fakes import FakeClock, NoAccess

EXAMPLES = Path(__file__).parents[2] / "docs/examples/platforms"


class Example:
    """One of them: its states in a folder, a store in memory, a clock that goes on only when somebody sleeps."""

    def __init__(self, name: str, folder: Path, prometheus: str = "") -> None:
        self.states = folder / "states"
        self.repository = folder / "repository"
        self.clock = FakeClock()
        shutil.copytree(EXAMPLES / name, self.repository)
        for file in self.repository.rglob("*"):
            if file.is_file():
                file.write_text(file.read_text().replace("/var/lib/shop", str(self.states)))
        git(self.repository, "init", "--quiet")
        settings = Settings(platform="shop", actor="tester", repository=self.repository, prometheus=prometheus)
        self.runtime = Runtime(settings, MemoryStore(), NoAccess(), clock=self.clock)

    @property
    def platform(self) -> Platform:
        """What its platform.yaml declares."""
        return manifest.load(self.repository / "infrastructure")

    def change(self, path: str, old: str, new: str) -> None:
        """Another text in one of its files."""
        file = self.repository / "infrastructure" / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    def release(self, subject: str = "begin") -> str:
        """The release of what is there."""
        commit(self.repository, subject)
        return self.runtime.releases().create(self.repository, "HEAD", "tester").id

    def promote(self, release: str, environment: str) -> Request | None:
        """Promote a release to one environment."""
        return operations.promote(replace(self.runtime), LocalExecutor(4), release, environment)

    def promote_through(self, release: str, environments: Sequence[str]) -> None:
        """Promote a release to each of these environments, waiting for nobody."""
        for environment in environments:
            assert self.promote(release, environment) is None

    def state(self, environment: str) -> EnvironmentState:
        """What the ledger says of an environment."""
        return self.runtime.ledger().state(environment)

    def outputs(self, state: str) -> dict[str, Any]:
        """The outputs in one of the states."""
        found = json.loads((self.states / state).read_text())["outputs"]
        return {name: each["value"] for name, each in found.items()}
