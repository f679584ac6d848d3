"""A small platform whose tools reach AWS and the cluster through proxies that lose requests and answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.sandbox import Sandbox
from tests.faults import platform
from tests.faults.platform import FaultyPlatform, Network


@pytest.fixture
def network(operator: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """The proxies, with this process's environment led to them."""
    with platform.network(operator, tmp_path) as (made, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def shop(network: Network, tmp_path: Path) -> FaultyPlatform:
    """The platform, empty."""
    return FaultyPlatform(tmp_path)
