"""Lists the metrics of the delivery, as the exporters describe them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import Metric

from deployments.github.events import Intent
from deployments.github.inbox import Inbox
from deployments.github.metrics import Deliveries
from tasks.ledger.chain import Ledger
from tasks.ledger.store import Store
from tasks.metrics.exporter import Exporter
from tasks.metrics.log_lines import LogLines
from tasks.reports.artifacts import table

_INTRODUCTION = """# Metrics of the delivery

What `flowmart metrics` prints ([how to scrape them](../monitoring.md#metrics-of-the-delivery-itself)). A histogram
has `_bucket`, `_sum` and `_count`."""


def page() -> str:
    """Return the page as Markdown."""
    rows = [(f"`{_name(each)}`", each.type, _labels(each), each.documentation) for each in sorted(_all(), key=_name)]
    return f"{_INTRODUCTION}\n\n" + table(("metric", "type", "labels", "what it is"), rows)


def _all() -> list[Metric]:
    """Return every possible metric: of an empty ledger, an empty log, and an inbox with a waiting delivery."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Store.open(f"{folder}/store"), "", "", "shop")
        return [
            *Exporter(ledger, {}).collect(),
            *LogLines(Path(folder) / "log").collect(),
            *_deliveries(folder),
        ]


def _deliveries(folder: str) -> Iterator[Metric]:
    inbox = Inbox(Path(folder) / "inbox.sqlite")
    inbox.receive("1", "push", Intent("delivery/shop", {})).result(10)
    yield from list(Deliveries(inbox).collect())
    inbox.close()


def _name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _labels(metric: Metric) -> str:
    return ", ".join(f"`{label}`" for label in getattr(metric, "_labelnames", ())) or "-"
