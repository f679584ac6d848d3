"""A real OpenSearch for the tests that need one: a single node, which all workers of a test run share.

Tests keep apart by names: `prefix` has one for each test, and removes what begins with it.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from deployments.peers import opensearch

FILES = "test_opensearch_*.py"
"""The contract tests that are not collected where there is none."""

JARS = opensearch.found()
NOT_RUN = f"not run: {FILES}, since there is no OpenSearch (make peers-opensearch builds one)"


@contextmanager
def shared(folder: Path) -> Iterator[str]:
    """The address of the node that every process with this `folder` shares.

    The first one starts it. All hold the other end of its standard input, so it ends with the last of them, however
    that ends.
    """
    folder.mkdir(exist_ok=True)
    users = os.open(folder / "users", os.O_CREAT | os.O_RDWR)
    with _alone(folder):
        fcntl.flock(users, fcntl.LOCK_SH)
        lifeline, url = _joined(folder) or _started(folder)
    try:
        yield url
    finally:
        with _alone(folder):
            os.close(users)
            _forget_when_last(folder)
            os.close(lifeline)


@contextmanager
def prefix(url: str) -> Iterator[str]:
    """Begins the names of one test: streams, indices, templates and pipelines."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    with httpx.Client(base_url=url, timeout=60) as client:
        for kind in (
            *("_data_stream", "_index_template", "_component_template"),
            *("_ingest/pipeline", f"{name}*?expand_wildcards=all"),
        ):
            path = kind if kind.startswith(name) else f"{kind}/{name}*"
            answer = client.delete(f"/{path}")
            assert answer.status_code in (200, 404), answer.text


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _joined(folder: Path) -> tuple[int, str] | None:
    """The lifeline and the address of the node that another process started; None where there is none."""
    try:
        home = Path((folder / "current").read_text())
        lifeline = os.open(home / "lifeline", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None
    return lifeline, f"http://127.0.0.1:{(home / 'port').read_text()}"


def _started(folder: Path) -> tuple[int, str]:
    home = folder / uuid.uuid4().hex
    home.mkdir()
    os.mkfifo(home / "lifeline")
    # Without an other end yet, only opening to read does not wait for one.
    reading = os.open(home / "lifeline", os.O_RDONLY | os.O_NONBLOCK)
    lifeline = os.open(home / "lifeline", os.O_WRONLY)
    os.set_blocking(reading, True)
    node = opensearch.Node(home, lifeline=reading)
    node.start()
    os.close(reading)
    (folder / "current").write_text(str(home))
    return lifeline, node.url


def _forget_when_last(folder: Path) -> None:
    users = os.open(folder / "users", os.O_RDWR)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (folder / "current").unlink(missing_ok=True)
    except BlockingIOError:
        pass
    finally:
        os.close(users)
