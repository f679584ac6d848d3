"""Whether the log of a run has been shipped to the sandbox's OpenSearch."""

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
"""Seconds: a shipper takes one or two, on a busy machine more."""


def why_not(wanted: Wanted) -> str:
    """Why not all of the wanted lines are in the cluster, as a sentence; "" once they are."""
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
    """How many of the wanted lines of a log folder a server has after some seconds, in words; "" once it has all."""
    kept = len(reading.find(folder, wanted))
    until = time.monotonic() + patience
    while (there := _found(server, wanted)) < kept:
        if time.monotonic() > until:
            return f"{there} of {kept} lines have arrived so far"
        time.sleep(0.5)
    return ""


def _found(server: Elasticsearch, wanted: Wanted) -> int:
    """How many there are; none where the server does not answer, as for a moment after a stream was made."""
    try:
        return len(run_logs.find(server, wanted))
    except Unanswered:
        return 0
