"""Keeps what kustomizations render to, so that a run renders each once.

A release does not change, and every unit needs the objects of its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from weakref import WeakKeyDictionary

from tasks.engines.base import Workspace
from tasks.engines.kustomize.rehearsing import Objects
from tasks.engines.kustomize.sources import rendered
from tasks.processes import Processes


class Renders:
    """What folders render to. A caller that needs a folder which is being rendered waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, Future[Objects]] = {}

    def of(self, folder: str, render: Callable[[], Objects]) -> Objects:
        """Return the objects of a folder.

        Args:
            folder: the folder's path.
            render: renders it. A failed rendering is tried again at the next call.
        """
        with self._lock:
            is_first = folder not in self._known
            objects = self._known.setdefault(folder, Future())
        if is_first:
            try:
                objects.set_result(render())
            except BaseException as error:
                del self._known[folder]
                objects.set_exception(error)
                raise
        return objects.result()


_RENDERS: WeakKeyDictionary[Processes, Renders] = WeakKeyDictionary()
"""The rendered folders of each run, for as long as the run lasts."""


def objects_of(workspace: Workspace, source: str | None = None) -> Objects:
    """Return the objects of the unit, or of the neighbour with the given source.

    Args:
        workspace: the unit's workspace.
        source: the source folder of a neighbour; None for the unit's own.

    Raises:
        Refused: it cannot be rendered.
    """
    folder, runner = workspace.infrastructure / (source or workspace.unit.source), workspace.processes
    renders = _RENDERS.setdefault(runner, Renders())
    return renders.of(str(folder), lambda: rendered(workspace.executable, folder, runner))
