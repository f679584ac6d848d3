"""The delivery measures itself: counts, durations and DORA's measures, all folded from the ledger.

    promotions -> dora
        └─ durations -> exporter

Runs live in commands and workers that are gone a minute later, so nothing is counted in processes: every number is a
fold over the entries, right after any restart, whoever ran the promotion. `promotions`, `durations` and `dora` are
pure; `exporter` reads the ledger when it is scraped, and only what is new since the last time. It is imported by its
own name: Prometheus' client takes longer to load than a command that only reads may take.
"""

from tasks.metrics.dora import Dora, dora
from tasks.metrics.promotions import Promotion, Promotions

__all__ = ["Dora", "Promotion", "Promotions", "dora"]
