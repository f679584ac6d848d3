"""Plans and tests the commit of a pull request in every environment, and reports the result on GitHub.

Changes nothing: it takes no claim and uses the read-only roles. If GitHub does not respond, the result is still in
the run history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from prefect import flow
from pydantic import Field

from flows import options
from tasks import settings, steps
from tasks.domain.errors import FlowmartError, Refused, Unanswered
from tasks.domain.outcome import Outcome, overall
from tasks.domain.release import Release
from tasks.github import pull_report, pulls
from tasks.github.check_runs import Annotation
from tasks.github.pull_report import PullReport
from tasks.github.reported import EnvironmentReport
from tasks.promotion.environment_run import opened
from tasks.promotion.promotion import plan_and_test
from tasks.reports import pull_requests

Repository = Annotated[str, Field(title="Repository", description="owner/name on GitHub")]
Number = Annotated[int, Field(title="Number", description="Of the pull request or issue", ge=1)]
Commit = Annotated[str, Field(title="Commit", pattern=r"^[0-9a-f]{40,64}$")]


@flow(name="pull-request", flow_run_name="pull request {number} at {sha}", **options.FLOW)
@steps.remembered
def pull_request(repository: Repository, number: Number, sha: Commit) -> str:
    """Plan and test a pull request in every environment, and report the result on it. Changes nothing.

    A commit that is not its head any more is not planned: the head has a run of its own.
    `Refused` if a policy or a tool rejects it, `Unanswered` if only answers are missing; both after reporting it.
    """
    home = steps.on_github(repository)
    pull = pulls.get(home.client, home.name, number)
    pulls.refuse_fork(pull)
    if pull.sha != sha:
        return f"pull request {number} is at {pull.sha[:12]}, which is planned instead"
    with pull_report.begun(home, sha, number) as report:
        return plan_reported(report, f"refs/pull/{number}/head")


def plan_reported(report: PullReport, ref: str) -> str:
    """Plan and test the commit that a ref on GitHub is at, in every environment, and report it."""
    release = _released(report, ref)
    found, said = _planned(report, release)
    report.conclude(release.id, found, pull_requests.together(said))
    _end(found)
    return f"release {release.id} is planned"


def _released(report: PullReport, ref: str) -> Release:
    """The release that the commit makes; that it makes none is reported."""
    try:
        chosen = settings.load()
        _refuse_other(report, ref, steps.fetch(chosen, report.home.client, report.home.name, ref))
        release = steps.create_release(chosen, report.sha, "plan", report.number)
    except FlowmartError as error:
        report.refused(pull_requests.outcome_of(error), str(error), pull_requests.mistakes(error))
        raise
    report.released(release.id)
    return release


def _refuse_other(report: PullReport, ref: str, there: str) -> None:
    if there != report.sha:
        raise Refused(f"{ref} is at {there[:12]}, not at {report.sha[:12]}; nothing was planned")


def _planned(report: PullReport, release: Release) -> tuple[Sequence[EnvironmentReport], Sequence[Annotation]]:
    """One environment after the other; the units of each at once."""
    found: list[EnvironmentReport] = []
    said: list[Annotation] = []
    with steps.session() as session:
        with session.runtime.unpacked() as checkouts:
            environments = [one.name for one in checkouts.of(release.id).platform.delivered]
        for environment in environments:
            report.pending(environment)
        for environment in environments:
            one, remarks = _environment(session, release, environment)
            report.planned(one)
            found.append(one)
            said += remarks
    return found, said


def _environment(
    session: steps.Session, release: Release, environment: str
) -> tuple[EnvironmentReport, Sequence[Annotation]]:
    """What the release would do to one environment. That it cannot be told is part of what is reported."""
    try:
        with opened(session.runtime, release.id, environment) as run:
            report = pull_requests.of_steps(run, *plan_and_test(run, session.executor))
            return report, pull_requests.remarks(run, report)
    except FlowmartError as error:
        return EnvironmentReport(environment, why=str(error), failed=pull_requests.outcome_of(error)), ()


def _end(found: Sequence[EnvironmentReport]) -> None:
    summaries = "; ".join(
        f"{one.environment}: {one.summary}" for one in found if one.outcome is not Outcome.SUCCEEDED
    )
    outcome = overall(one.outcome for one in found)
    if outcome is not Outcome.SUCCEEDED:
        raise (Refused if outcome is Outcome.FAILED else Unanswered)(summaries)
