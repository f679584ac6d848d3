"""A sandbox for as long as it is needed, in a temporary folder: never in the `.flowmart` of who runs the tests."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments import sandbox
from deployments.sandbox import Sandbox

Report = Callable[[str], None]


def silent(_: str) -> None:
    """Nobody reads progress here."""


@contextmanager
def folder(report: Report = silent) -> Iterator[Path]:
    """Where one can be started; it ends with the folder. Short, because of what a Unix socket's path may be."""
    with tempfile.TemporaryDirectory(prefix="flowmart-") as name:
        try:
            yield Path(name)
        finally:
            sandbox.down(Path(name), report)


@contextmanager
def started(
    infrastructure: Path,
    *,
    prefect: bool,
    prometheus: bool = False,
    terragrunt: bool = False,
    opensearch: bool = False,
    report: Report = silent,
) -> Iterator[Sandbox]:
    """One of one's own, in which nobody else has done anything."""
    with folder(report) as root:
        wanted = {"prometheus": prometheus, "terragrunt": terragrunt, "opensearch": opensearch}
        yield sandbox.up(root, report, infrastructure=infrastructure, prefect=prefect, **wanted)
