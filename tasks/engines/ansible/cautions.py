"""Word what approvers should know besides changes: what a rollback cannot undo, and what is not shown. Pure."""

from __future__ import annotations

from tasks.engines.ansible.answers import Results
from tasks.engines.ansible.plans import Job
from tasks.engines.ansible.sources import REMOVAL

_ROLLBACK = "a rollback runs the earlier release's playbook: what only this release brings to a host stays there"
_FIRST = f"a rollback of this first release only runs its {REMOVAL}: how the hosts were before is not known"
_STAYS = f"nothing is removed: the release has no {REMOVAL}; what it did to the hosts stays"
_REALLY_RAN = ": ran in this rehearsal, too, and changed something (check_mode: false)"
_PROMPTS = ": does not wait for a person, because runs are unattended; require an approval instead"
_HANDLERS = "all handlers run: the last run may have ended before its handlers ran"


def is_about_the_rehearsal(warning: str) -> bool:
    """Tell whether a warning is about what the rehearsal did, and not about an apply."""
    return warning.endswith(_REALLY_RAN)


def warnings(job: Job, found: Results, *, first: bool) -> tuple[str, ...]:
    """Return what approvers should know: the limits of a rollback, and changes that the rehearsal does not show."""
    if not job.playbook:
        return (_STAYS,)
    ran = tuple(f"{address}{_REALLY_RAN}" for address in found.really_ran)
    if not found.changes and not found.unknown:
        return ran
    rollback = [_FIRST if first else _ROLLBACK] if job.playbook != REMOVAL else []
    handlers = [_HANDLERS] if job.runs_handlers else []
    return (
        *rollback,
        *handlers,
        *ran,
        *(f"{address}{_PROMPTS}" for address in found.prompts),
        *(f"{address}: changes something that it does not show" for address in found.blind),
    )
