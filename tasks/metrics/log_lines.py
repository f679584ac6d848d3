"""Exports the number of missing lines in this machine's log folder to Prometheus.

The files are read at each scrape.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tasks.logs.missing import Missing


class LogLines(Collector):
    """Collects from a log folder that other processes write to."""

    def __init__(self, folder: Path) -> None:
        self._missing = Missing(folder)

    def collect(self) -> Iterator[Metric]:
        """Yield the number of missing lines. It is a gauge, because it falls when old files are removed."""
        description = "Lines of the log that could not be written, by the numbers missing in the files that are kept."
        yield GaugeMetricFamily("flowmart_log_missing_lines", description, value=float(self._missing.count()))
