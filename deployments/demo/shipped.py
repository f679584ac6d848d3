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
from tasks.domain.logging import ElasticsearchServer
from tasks.elasticsearch import run_logs
from tasks.elasticsearch.client import Elasticsearch
from tasks.logs import reading
from tasks.logs.reading import Wanted

_PATIENCE = 30.0
"""Seconds: a shipper takes one or two, on a busy machine more."""


def why_not(wanted: Wanted) -> str:
    """Why not all of the wanted lines are in the cluster, as a sentence; "" once they are."""
    return searching.missing() or _unshipped() or _late(wanted)


def _unshipped() -> str:
    if missing := shipping.missing():
        return missing
    shipper = processes.find(SandboxLayout(ROOT), SHIPPER)
    return "" if shipper and shipper.alive else "the sandbox does not ship its log"


def _late(wanted: Wanted) -> str:
    server = Elasticsearch(ElasticsearchServer(os.environ[searching.VARIABLE]))
    kept = len(reading.find(Path(os.environ["FLOWMART_LOG_FOLDER"]), wanted))
    until = time.monotonic() + _PATIENCE
    while (there := len(run_logs.find(server, wanted))) < kept:
        if time.monotonic() > until:
            return f"{there} of {kept} lines have arrived so far"
        time.sleep(0.5)
    return ""
