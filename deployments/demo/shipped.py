"""Checks whether the log of a run has reached the sandbox's OpenSearch."""

from __future__ import annotations

import os
import time
from pathlib import Path

from deployments import processes
from deployments.demo.screen import ROOT
from deployments.sandbox import searching, shipping
from deployments.sandbox.layout import SandboxLayout
from deployments.sandbox.parts import SHIPPER
from tasks.domain.errors import Unanswered
from tasks.domain.logging import ElasticsearchServer
from tasks.elasticsearch import run_logs
from tasks.elasticsearch.client import Elasticsearch
from tasks.logs import reading
from tasks.logs.reading import Wanted

_PATIENCE = 30.0
"""Seconds to wait; a shipper takes one or two, and more on a busy machine."""


def why_not(wanted: Wanted) -> str:
    """Return as a sentence why the wanted lines are not all in the cluster; empty once they are."""
    return searching.missing() or _unshipped() or _late_here(wanted)


def _unshipped() -> str:
    if missing := shipping.missing():
        return missing
    shipper = processes.find(SandboxLayout(ROOT), SHIPPER)
    return "" if shipper and shipper.alive else "the sandbox does not ship its log"


def _late_here(wanted: Wanted) -> str:
    server = Elasticsearch(ElasticsearchServer(os.environ[searching.VARIABLE]))
    return late(server, Path(os.environ["FLOWMART_LOG_FOLDER"]), wanted)


def late(server: Elasticsearch, folder: Path, wanted: Wanted, patience: float = _PATIENCE) -> str:
    """Wait until a server has the wanted lines of a log folder.

    Args:
        server: the server.
        folder: the log folder.
        wanted: selects the lines.
        patience: seconds to wait.

    Returns:
        How many lines have arrived, in words, if some are missing; otherwise empty.
    """
    kept = len(reading.find(folder, wanted))
    until = time.monotonic() + patience
    while (there := _found(server, wanted)) < kept:
        if time.monotonic() > until:
            return f"{there} of {kept} lines have arrived so far"
        time.sleep(0.5)
    return ""


def _found(server: Elasticsearch, wanted: Wanted) -> int:
    """Count the lines on the server; 0 if it does not respond, as happens just after a stream was created."""
    try:
        return len(run_logs.find(server, wanted))
    except Unanswered:
        return 0
