"""Detects drift: changes made outside of a promotion, found by the tools and compared with earlier reports.

    detection -> drifted_objects -> suppressions -> reports -> descriptions | issues

`detection` runs the engines and records a report in the ledger; only it has effects. The rest is pure.
`drifted_objects` gives each object an identity that is the same in every report, and `suppressions` applies
drift.yaml. `reports` separates new drift from known drift and lists what stops a promotion. `descriptions` writes the
text for people, `issues` for GitHub.
"""

from tasks.domain.drift import DriftedObject
from tasks.domain.events.claims import RECONCILE
from tasks.drift.descriptions import refusal
from tasks.drift.detection import DETECT, compare, detect, drifting, is_reconciled, report
from tasks.drift.reports import DriftReport, last_report, report_of, unexplained

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
