"""Analyses: metrics decide whether what was applied is good, over minutes instead of at once.

    spans -> measuring -> rating -> verdict -> evidence
                 ├ asking
                 └ log_values, log_fields

Each window is an instant query with an explicit time, counted from the apply. So a verdict is a function of the
specification, the time of the apply and the server's history: a run that died, or a server that was away, changes
nothing, and an auditor gets the same answer later. `spans`, `rating`, `verdict` and `evidence` are pure; `measuring`
asks for one window, `judging` for all that are over, `asking` tries every query before anything is applied, and
`trying` does all of it for applies that are imagined in the past.
"""

from tasks.analysis.asking import Asked, ask_all
from tasks.analysis.judging import Judging, was_bad
from tasks.analysis.sources import Sources
from tasks.analysis.verdict import Judged

__all__ = ["Asked", "Judged", "Judging", "Sources", "ask_all", "was_bad"]
