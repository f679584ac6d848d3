"""Plans and reports what a merge queue would merge, like the head of a pull request, without a comment.

Branch protection waits for the statuses of the queue's own commit. Only GitHub creates its branches.
"""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows import options
from flows.pull_request import Commit, Repository, plan_reported
from tasks import steps
from tasks.github import pull_report

QueuedRef = Annotated[
    str,
    Field(
        title="Ref",
        description="The merge queue's branch",
        pattern=r"^refs/heads/gh-readonly-queue/[^\x00-\x20\x7f~^:?*\[\\]+$",
    ),
]


@flow(name="merge-group", flow_run_name="merge group at {sha}", **options.FLOW)
@steps.remembered
def merge_group(repository: Repository, ref: QueuedRef, sha: Commit) -> str:
    """Plan and test a merge queue's commit in every environment, and report the result on it. Changes nothing.

    `Refused` if a policy or a tool rejects it, `Unanswered` if only answers are missing; both after reporting it.
    """
    home = steps.on_github(repository)
    with pull_report.begun(home, sha) as report:
        return plan_reported(report, ref)
