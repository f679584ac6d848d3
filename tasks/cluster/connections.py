"""The clusters of a run: units that go to one as the same identity share connections and what it said of kinds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakKeyDictionary

from tasks.cluster import access
from tasks.cluster.access import Cluster
from tasks.processes import Processes

_Key = tuple[object, ...]

_OPENED: WeakKeyDictionary[Processes, dict[_Key, Cluster]] = WeakKeyDictionary()
"""By run, for as long as it lasts."""


def connected(run: Processes, variables: Mapping[str, str], manager: str) -> Cluster:
    """The cluster of the context that the variables name.

    Args:
        run: what runs the tools of the run.
        variables: of an identity; with other credentials it is another connection.
        manager: who applies.

    Raises:
        InvalidInput: there is no such context.
    """
    known = _OPENED.setdefault(run, {})
    key = (manager, _kubeconfig(variables), *sorted(variables.items()))
    if key not in known:
        known[key] = access.opened(variables, manager)
    return known[key]


def _kubeconfig(variables: Mapping[str, str]) -> tuple[object, ...]:
    """Which content the kubeconfig has: somebody may log in anew meanwhile."""
    paths = variables.get("KUBECONFIG") or os.environ.get("KUBECONFIG") or "~/.kube/config"
    files = (Path(path).expanduser() for path in paths.split(os.pathsep))
    found = (file.stat() for file in files if file.exists())
    return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in found)
