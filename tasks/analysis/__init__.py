"""Judges what was applied by metrics and logs, over minutes instead of at once.

    spans -> measuring -> rating -> verdict -> evidence
                 ├ asking
                 └ log_values, log_fields

Each window is an instant query with an explicit time, counted from the apply. So a verdict is a function of the
specification, the time of the apply and the server's history. A run that died, or a server that was down for a while,
does not change it, and an auditor gets the same result later.

`spans`, `rating`, `verdict` and `evidence` are pure. `measuring` queries one window, and `judging` all windows that
are over. `asking` tries every query before anything is applied. `trying` runs analyses of imagined applies in the
past.
"""

from tasks.analysis.asking import Asked, ask_all
from tasks.analysis.judging import Judging, was_bad
from tasks.analysis.sources import Sources
from tasks.analysis.verdict import Judged

__all__ = ["Asked", "Judged", "Judging", "Sources", "ask_all", "was_bad"]
