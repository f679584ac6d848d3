"""Units of a Terragrunt repository in jobs of a real process pool, with the real Terragrunt."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.peers.terragrunts import PROGRAM
from tests.platforms.example_platforms import EXAMPLES
from tests.platforms.repositories import commit, git
from tests.servers.work_pool import POOL, WorkPool


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[WorkPool]:
    """The example, whose production is worked on in the pool."""
    repository, states = tmp_path / "repository", tmp_path / "states"
    shutil.copytree(EXAMPLES / "terragrunt", repository)
    for file in repository.rglob("*"):
        if file.is_file():
            text = file.read_text().replace("/var/lib/shop", str(states))
            file.write_text(text.replace("{after: dev}", f"{{after: dev, work_pool: {POOL}}}"))
    git(repository, "init", "--quiet")
    commit(repository, "begin")
    variables = {
        "FLOWMART_STORE": str(tmp_path / "store"),
        "FLOWMART_ACTOR": "tester",
        "FLOWMART_PROFILE": "none",
        "FLOWMART_TERRAGRUNT": PROGRAM,
    }
    with ExitStack() as stack:
        made = WorkPool(tmp_path, repository, variables)
        stack.callback(made.down)
        yield made


def test_its_units_are_planned_and_applied_in_jobs(pool: WorkPool) -> None:
    with pool.worker("units-1").running("server", "run", "worker"):
        pool.runs.flowmart("promote")
    found = pool.history.state("production")
    assert found.receipts["app"].outputs == {"address": "app.network-production.shop.example"}
    assert (found.claim, pool.jobs("production")) == (None, [])
