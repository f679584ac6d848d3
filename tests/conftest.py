"""What all tests may use: a sandbox that is started when the first of them asks for it, and ended with the last.

With pytest-xdist every worker has its own: tests change what is in it. Who needs one that nobody else has changed
starts another (`tests.servers.sandboxes`). A Prefect server is shared by all workers, who know their runs by id.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from deployments import sandbox as sandboxes
from deployments.cli import signals
from deployments.sandbox import Sandbox
from deployments.setup import put_tools_on_path
from tests.servers import prefect_shared
from tests.servers.sandboxes import folder, silent
from tests.spent import pytest_collection_finish, pytest_runtest_makereport, pytest_terminal_summary

__all__ = ["pytest_collection_finish", "pytest_runtest_makereport", "pytest_terminal_summary"]

PROJECT = Path(__file__).resolve().parents[1]

# How fast inputs are made says how busy the machine is, and nothing about the product.
hypothesis_settings.register_profile("flowmart", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("flowmart")

# Before any test asks for terraform: the set-up may have provided the only one there is.
put_tools_on_path()

# In a background job, which ignores interrupts, tools would inherit that, and end a minute after they were told to.
signals.let_tools_be_interrupted()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without a search for garbage: ten thousand tests are none, and looking takes a third of the time.

    What is there afterwards stays to the end, so no later search looks at it either.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# Whole stories first: a long file that begins last keeps one worker busy while the others have nothing to do.
_LONGEST_FIRST = ("e2e", "flows", "contract", "golden", "unit")

# Files that take minutes, mostly because they wait for servers, jobs or hosts; `--durations` lists them.
_MINUTES = (
    *("test_story", "test_work_pools", "test_terragrunt_work_pool", "test_example_rehearsal", "test_ansible_engine"),
    *("test_several_machines", "test_ui", "test_server", "test_server_schedules", "test_ansible_services"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; those of a folder stay together, in their order."""
    items.sort(key=lambda item: _rank(item.path))


def _rank(file: Path) -> tuple[int, int]:
    folder = file.relative_to(PROJECT / "tests").parts[0]
    return (
        _MINUTES.index(file.stem) if file.stem in _MINUTES else len(_MINUTES),
        _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST),
    )


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder of this repository."""
    return PROJECT


@pytest.fixture(scope="session")
def sandbox_root() -> Iterator[Path]:
    """The folder that the tests' sandbox is started in."""
    with folder() as root:
        yield root


@pytest.fixture(scope="session")
def sandbox(sandbox_root: Path) -> Sandbox:
    """AWS and the Terraform provider, running, with all accounts prepared. No Prefect server, and no Prometheus."""
    return sandboxes.up(
        sandbox_root,
        silent,
        infrastructure=PROJECT / "infrastructure",
        prefect=False,
        prometheus=False,
        terragrunt=False,
        opensearch=False,
    )


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of a test run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def prefect_address(shared_folder: Path) -> Iterator[str]:
    """The address of the API of a Prefect server that all workers share."""
    with prefect_shared.shared(shared_folder / "prefect") as address:
        yield address


@pytest.fixture
def operator(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, with this process's environment led to it, as its profile would."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in sandbox.variables.items():
        monkeypatch.setenv(name, value)
    return sandbox
