"""Shares clusters within a run: units with the same cluster and identity share connections and discovered kinds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakKeyDictionary

from tasks.cluster import kubeconfig
from tasks.cluster.access import Cluster
from tasks.processes import Processes

_Key = tuple[object, ...]

_OPENED: WeakKeyDictionary[Processes, dict[_Key, Cluster]] = WeakKeyDictionary()
"""The clusters of each run, for as long as the run lasts."""


def connected(run: Processes, variables: Mapping[str, str], manager: str) -> Cluster:
    """Return the cluster of the context that the variables name; it is opened once.

    Args:
        run: the runner of the run's tools, which identifies the run.
        variables: the environment variables of an identity. Other credentials get another connection.
        manager: our field manager in what we apply.

    Raises:
        InvalidInput: no context is named.
        Unequipped: the kubeconfig does not have the context.
    """
    known = _OPENED.setdefault(run, {})
    key = (manager, _kubeconfig(variables), *sorted(variables.items()))
    if key not in known:
        known[key] = kubeconfig.opened(variables, manager)
    return known[key]


def _kubeconfig(variables: Mapping[str, str]) -> tuple[object, ...]:
    """Identify the kubeconfig's content, because a new login may change it meanwhile."""
    paths = variables.get("KUBECONFIG") or os.environ.get("KUBECONFIG") or "~/.kube/config"
    files = (Path(path).expanduser() for path in paths.split(os.pathsep))
    found = (file.stat() for file in files if file.exists())
    return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in found)
