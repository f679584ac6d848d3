"""Units of five tools in jobs of a real process pool, with a real Prefect server and worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.test_story import Story
from tests.platforms.rehearsed import EXAMPLE
from tests.servers import sandboxes
from tests.servers.work_pool import POOL, WorkPool

UNITS = {"image", "orders", "namespace", "shop", "bastion"}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The platform of the example, whose production is worked on in the pool."""
    with sandboxes.started(EXAMPLE / "infrastructure", prefect=False) as box:
        made = Story(box, tmp_path_factory.mktemp("tools"), EXAMPLE)
        file = made.repository / "infrastructure/platform.yaml"
        old = "  production:\n    after: shared\n"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, f"{old}    work_pool: {POOL}\n"))
        made.commit("Work in a pool")
        yield made


@pytest.fixture(scope="module")
def pool(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkPool]:
    with ExitStack() as stack:
        made = WorkPool(tmp_path_factory.mktemp("machines"), story.repository, story.variables)
        stack.callback(made.down)
        yield made


@pytest.mark.faults
def test_units_of_every_tool_are_planned_and_applied_in_jobs(pool: WorkPool) -> None:
    with pool.worker("units-1").running("server", "run", "worker"):
        pool.runs.flowmart("promote")
    state = pool.history.state("production")
    assert {*state.receipts} == UNITS
    assert state.receipts["shop"].outputs is not None
    assert (state.claim, pool.jobs("production")) == (None, [])
    done = [run["parameters"]["job"] for run in pool.flow_runs() if run["state_type"] == "COMPLETED"]
    assert {unit for unit in UNITS if any(f"-{unit}-apply-" in job for job in done)} == UNITS
