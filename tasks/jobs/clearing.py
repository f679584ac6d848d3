"""Removes the jobs that nobody needs any more: those of runs that are over and have written how they went.

of a claim that is closed          at once: whoever could ask about them, a later run or `recover`, asks about those
                                   of the open claim alone
of a claim that is open            never: `recover` has to know what they came to, or whose tools may still be at work
of a run without a claim           its plans and drift reports: by itself, once it has read the answer; of a run that
                                   was killed after a day, and after a week where no answer came
what has no request any more       it was written late, to a job that was removed

What cannot be removed now is removed the next time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from tasks.domain.errors import InvalidInput, UnreadableRecord
from tasks.jobs.desk import ANSWER, REQUEST, Desk, moment

ANSWERED_LONG_AGO = timedelta(days=1)
"""The age at which nobody waits for a job of no claim that was answered: whoever does looks every second."""

ABANDONED_LONG_AGO = timedelta(days=7)
"""The age at which nobody waits for any job of no claim."""


def clear(desk: Desk, closed: int, now: datetime) -> int:
    """Remove the jobs of an environment that nobody needs any more; how many these were.

    Args:
        desk: where they are; those that were asked for by it are of a claim that is closed.
        closed: the number of a ledger entry; all claims that were made up to it are closed.
        now: the time of day.

    Raises:
        Unanswered: the store does not respond, or lets nobody remove anything.
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
    """The entry of the claim under which a job was asked for; "" where it is none, or cannot be read."""
    try:
        return desk.request(job).claim
    except (InvalidInput, UnreadableRecord):
        return ""
