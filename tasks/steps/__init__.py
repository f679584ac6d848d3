"""The only package below flows/ that imports Prefect.

`verbs` are the Prefect tasks, one thin function for each verb. `executor` submits them in the order of a promotion.
`publishing` sends pages to the run history. `sessions` creates what a flow works with. `guests` runs flows whether or
not a Prefect server responds. `pools` submits jobs to work pools. `platforms` connects to the platform's repository
on GitHub.
"""

from tasks.steps.guests import call, remembered
from tasks.steps.platforms import on_github
from tasks.steps.publishing import publish, run_address
from tasks.steps.sessions import Session, finished, job_session, session, side_by_side
from tasks.steps.verbs import create_release, fetch

__all__ = [
    "Session",
    "call",
    "create_release",
    "fetch",
    "finished",
    "job_session",
    "on_github",
    "publish",
    "remembered",
    "run_address",
    "session",
    "side_by_side",
]
