"""A world for the stand-in: moto, a warm provider server, and roots that real terraform works on.

Every root gets an AWS account of its own: tests do not see each other's objects.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, AF_UNIX, AddressFamily, socket
from typing import Any

import pytest

from deployments import ports
from deployments.sandbox.aws_provider.install import install
from tests.contract.aws_provider.world import Root, World
from tests.peers import real_providers, terragrunts
from tests.peers.tofu import tofu

collect_ignore_glob = [] if terragrunts.PROGRAM else [terragrunts.FILES]
collect_ignore = [] if tofu() else ["test_opentofu_on_aws.py"]
collect_ignore += [] if real_providers.MIRROR else real_providers.FILES

EVERY_TYPE = Path(__file__).with_name("every_type")
START = 60.0


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of the sandbox's moto, which asks nobody who they are until it is told to."""
    port = ports.free()
    command = [sys.executable, "-m", "deployments.sandbox.aws_server", "--port", str(port)]
    with running(command, dict(os.environ), lambda: listens(AF_INET, ("127.0.0.1", port))):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def warm_server() -> Iterator[Path]:
    """The socket of a warm provider server. In a folder of its own: pytest's have long names."""
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        path = Path(folder) / "socket"
        command = [sys.executable, "-m", "deployments.sandbox.aws_provider.serve", "--socket", str(path)]
        with running(command, dict(os.environ), lambda: listens(AF_UNIX, str(path))):
            yield path


@pytest.fixture(scope="session")
def world(moto: str, warm_server: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Terraform led to moto, with the warm server."""
    return World(moto, install(tmp_path_factory.mktemp("mirror"), warm_server))


@pytest.fixture(scope="session")
def accounts() -> Iterator[str]:
    """Account ids that nobody has used."""
    return (f"{number:012d}" for number in itertools.count(500000000001))


@pytest.fixture(scope="module")
def every_type(world: World, accounts: Iterator[str], tmp_path_factory: pytest.TempPathFactory) -> Root:
    """A root that has every type, applied."""
    folder = tmp_path_factory.mktemp("every") / "root"
    shutil.copytree(EVERY_TYPE, folder)
    root = Root(world, folder, next(accounts)).initialised()
    root.apply()
    return root


@pytest.fixture
def root(world: World, accounts: Iterator[str], tmp_path: Path) -> Root:
    """An empty root."""
    return Root(world, tmp_path, next(accounts))


@contextmanager
def running(command: list[str], environment: dict[str, str], ready: Callable[[], bool]) -> Iterator[None]:
    """A process that is ended in the end. Its output is shown when it does not become ready."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + START
            while not ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    pytest.fail(f"{command} did not start:\n{log.read().decode()}")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait()


def listens(family: AddressFamily, address: Any) -> bool:
    """Whether somebody accepts connections there."""
    with socket(family) as client:
        return client.connect_ex(address) == 0
