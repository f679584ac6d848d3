"""The receiver's inbox, in a file of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.github.inbox import Inbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the inbox is, in folders that are not there yet."""
    return tmp_path / "some/where/inbox.sqlite"


@pytest.fixture
def inbox(file: Path) -> Iterator[Inbox]:
    """An empty inbox."""
    made = Inbox(file)
    yield made
    made.close()
