"""Remove jobs that are no longer needed.

of a closed claim           at once: a later run or `recover` reads only the jobs of the open claim
of an open claim            never: `recover` needs their results, or has to know whose tools may still be running
of a run without a claim    its plans and drift reports: the run removes each after reading the answer. If the run
                            was killed: after a day, or after a week if the job never answered
without a request           at once: something was written late to a job that was removed

What cannot be removed now is removed the next time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from tasks.domain.errors import InvalidInput, UnreadableRecord
from tasks.jobs.desk import ANSWER, REQUEST, Desk, moment

ANSWERED_LONG_AGO = timedelta(days=1)
"""Age at which no run waits for an answered job without a claim: a waiting run looks every second."""

ABANDONED_LONG_AGO = timedelta(days=7)
"""Age at which no run waits for any job without a claim."""


def clear(desk: Desk, closed: int, now: datetime) -> int:
    """Remove the jobs of an environment that are no longer needed, and return their number.

    Args:
        desk: the environment's jobs; those requested through it belong to a closed claim.
        closed: the number of a ledger entry; all claims up to it are closed.
        now: the current time.

    Raises:
        Unanswered: the store does not respond, or does not allow removal.
    """
    over = [
        job for job, files in desk.files().items() if job in desk.asked or _is_over(desk, job, files, closed, now)
    ]
    desk.remove(over)
    return len(over)


def _is_over(desk: Desk, job: str, files: Collection[str], closed: int, now: datetime) -> bool:
    if REQUEST not in files:
        return True
    if claim := _claim(desk, job):
        return int(claim.rpartition("/")[2]) <= closed
    return now - moment(job) > (ANSWERED_LONG_AGO if ANSWER in files else ABANDONED_LONG_AGO)


def _claim(desk: Desk, job: str) -> str:
    """Return the entry of the claim under which a job was requested; "" if there is none or it cannot be read."""
    try:
        return desk.request(job).claim
    except (InvalidInput, UnreadableRecord):
        return ""
