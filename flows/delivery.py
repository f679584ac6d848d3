"""Delivers a commit of the default branch: makes a release, promotes it, and reports each environment to GitHub."""

from __future__ import annotations

from typing import Literal

import structlog
from prefect import flow

from flows import options
from flows.promote import promote
from flows.pull_request import Commit, Repository
from flows.rollback import rollback
from tasks import settings, steps
from tasks.domain.errors import FlowmartError
from tasks.domain.release import Release
from tasks.github import deployments, statuses
from tasks.github.best_effort import send
from tasks.github.deployments import Deployment
from tasks.github.repositories import OnGitHub
from tasks.promotion import eligibility
from tasks.promotion.approval_requests import Request
from tasks.reports import pull_requests

log = structlog.get_logger("flowmart.delivery")


@flow(name="deliver", flow_run_name="deliver {sha}", **options.FLOW)
@steps.remembered
def deliver(repository: Repository, sha: Commit) -> str:
    """Make a release of a commit, promote it through all environments, and return the result in words."""
    home = steps.on_github(repository)
    branch = home.repository.branch
    head = steps.fetch(settings.load(), home.client, home.name, f"refs/heads/{branch}")
    if head != sha:
        return _nothing(home, sha, f"{branch} is at {head[:12]} already, which is delivered instead")
    release = _released(home, sha)
    if _was_begun_last(release):
        return _nothing(home, sha, f"nothing that is released differs from release {release.id}")
    # Only now is it asked for: a commit that changes nothing of it is nobody's wish for what is under way.
    steps.create_release(settings.load(), sha, "promote")
    _tell(home, sha, "success", f"release {release.id}")
    wanted = promote_shown(home, release)
    return waits(wanted) if wanted else f"release {release.id} is verified everywhere"


def promote_shown(home: OnGitHub, release: Release, to: str | None = None) -> Request | None:
    """Promote a release in order, up to `to` or everywhere, as `flows.release` does, and report it to GitHub.

    Returns the request if an environment needs an approval.
    """
    with steps.session() as session:
        environments = eligibility.unfinished(session.runtime, release.id, to)
        commit = session.history.releases.latest_request(release.id).commit

    def promoted(environment: str) -> Request | None:
        with deployments.shown(home.client, _deployment(home, environment, release.id, commit)) as say:
            wanted = steps.call(promote, release.id, environment)
            if wanted is not None:
                say("queued", waits(wanted))
            return wanted

    return next(iter(steps.side_by_side(environments, promoted).requests), None)


def roll_back_shown(home: OnGitHub, environment: str, to: str | None = None) -> str | Request:
    """Roll an environment back and report it to GitHub. Returns the release, or the request for an approval."""
    with steps.session() as session:
        release = session.history.earlier_release(environment, to)
        commit = session.history.origin(environment, release).commit
    with deployments.shown(home.client, _deployment(home, environment, release, commit, "roll back")) as say:
        found = steps.call(rollback, environment, to)
        if isinstance(found, Request):
            say("queued", waits(found))
    return found


def waits(request: Request) -> str:
    """Return what a person has to do now."""
    return f"{request.environment} waits for an approval of {request.short}"


def _released(home: OnGitHub, sha: str) -> Release:
    try:
        return steps.create_release(settings.load(), sha, "plan")
    except FlowmartError as error:
        _tell(home, sha, statuses.OF[pull_requests.outcome_of(error)], str(error))
        raise


def _was_begun_last(release: Release) -> bool:
    """Whether the last promotion to the first environment was of this release."""
    with steps.session() as session, session.runtime.unpacked() as checkouts:
        first = checkouts.of(release.id).platform.delivered[0]
        return session.history.last_begun(first.name) == release.id


def _nothing(home: OnGitHub, sha: str, why: str) -> str:
    log.info("nothing to deliver", what=why)
    _tell(home, sha, "success", why)
    return why


def _tell(home: OnGitHub, sha: str, state: statuses.State, what: str) -> None:
    context = statuses.context(home.platform, "release")
    send(context, lambda: statuses.set_status(home.client, home.name, sha, context, state, what, home.address))


def _deployment(
    home: OnGitHub, environment: str, release: str, commit: str, purpose: Literal["promote", "roll back"] = "promote"
) -> Deployment:
    return Deployment(home.name, home.platform, environment, commit, release, home.address, purpose, home.run)
