"""Drift: what somebody changed behind our back, found by the tools themselves, judged by what the ledger knows of it.

`detection` asks the engines and records a report; it is all that acts here. The rest is pure: `findings` is one
object that drifted and what makes it the same in the next report, `suppressions` what may stay, `reports` what a
report says in the light of the earlier ones, and what of it stands in the way of a promotion. `words` tells it to
people, `issues` to GitHub.
"""

from tasks.domain.drift import DriftedObject
from tasks.drift.descriptions import refusal
from tasks.drift.detection import DETECT, compare, detect, drifting, is_reconciled, report
from tasks.drift.reports import DriftReport, last_report, report_of, unexplained
from tasks.ledger.folding import RECONCILE

__all__ = [
    "DETECT",
    "RECONCILE",
    "DriftReport",
    "DriftedObject",
    "compare",
    "detect",
    "drifting",
    "is_reconciled",
    "last_report",
    "refusal",
    "report",
    "report_of",
    "unexplained",
]
