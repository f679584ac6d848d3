"""Measures the delivery: counts, durations and DORA's measures, all computed from the ledger.

    promotions -> dora
        └─ durations -> exporter

Runs live in short-lived commands and workers, so no process keeps counters. Every number is a fold over the ledger's
entries. So it is correct after any restart, whoever ran the promotion. `promotions`, `durations` and `dora` are pure.
`exporter` reads the ledger when it is scraped, and only its new entries. This package does not import `exporter`,
because Prometheus' client loads too slowly for commands that only read.
"""

from tasks.metrics.dora import Dora, dora
from tasks.metrics.promotions import Promotion, Promotions

__all__ = ["Dora", "Promotion", "Promotions", "dora"]
