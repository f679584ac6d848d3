"""What something costs on the processors, which holds on a busy machine, too."""

from __future__ import annotations

import resource


def cpu_seconds(*whose: int) -> float:
    """Seconds so far, of `resource.RUSAGE_SELF` (this process) or `RUSAGE_CHILDREN` (those that ended)."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, whose))
