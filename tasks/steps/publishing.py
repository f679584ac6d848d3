"""What a run shows and tells: pages in the run history, notifications, issues. None of it decides anything."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial

import structlog
from prefect.artifacts import create_markdown_artifact
from prefect.utilities.urls import url_for

from tasks import settings
from tasks.drift import DriftReport
from tasks.drift.issues import issues as issues_of
from tasks.github import best_effort, issues
from tasks.github.client import connect
from tasks.ledger.state import EnvironmentState
from tasks.notifications import notifications
from tasks.notifications.notifications import Notification
from tasks.promotion.approvals import Request
from tasks.promotion.environment_run import EnvironmentRun
from tasks.reports.artifacts import Page
from tasks.steps.queries import run_id

log = structlog.get_logger("flowmart.steps")


@contextmanager
def for_the_eye(what: str) -> Iterator[None]:
    """What only the run history would miss must not decide about an environment: it is logged, and we go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 (whatever the server's client may raise)
        log.debug("not shown in the run history", what=what, why=str(error))


def tell(notification: Notification | None) -> None:
    """Notify people, where there is something to tell. Decides nothing, and takes a few seconds at most."""
    if notification is not None:
        notifications.send(settings.load(), notification)


def keep_issues(report: DriftReport) -> None:
    """Have an issue on GitHub for every unit that drifts, where the settings name a repository for them."""
    chosen = settings.load()
    if not chosen.github_repository:
        return
    client = connect(chosen)
    for issue in issues_of(report):
        keep = partial(issues.keep, client, chosen.github_repository, issue.key, issue.title, issue.body)
        best_effort.tell(issue.title, keep)


def asking(request: Request) -> Notification:
    """What people are told of a request for an approval."""
    what = "\n".join(f"  {unit}: {told}" for unit, told in request.units.items())
    how = f"flowmart approve {request.short}, until {request.until}"
    return notifications.approval_wanted(request.environment, request.release, what, how, run_address())


def run_address() -> str:
    """Where this run is shown in the Prefect UI; empty outside of one."""
    run = run_id()
    return (url_for("flow-run", obj_id=run) or "") if run else ""


def tell_bad_news(run: EnvironmentRun, found: EnvironmentState, error: Exception) -> None:
    """That a run did not get to its end; not where it waits for an approval, which is told by whoever wants it."""
    mine = {entry.kind for entry in run.ledger.entries(found.environment) if entry.run == run.ledger.run}
    if "approval_wanted" in mine and "approved" not in mine:
        return
    purpose = found.claim.purpose if found.claim else "promote"
    tell(notifications.ended(found.environment, run.release.id, purpose, error, run_address()))


_pages = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")
"""Pages are sent in the background and in order, so that no step waits for the server."""


def publish(page: Page) -> None:
    """Send a page to the run history, as one of the run that we are in."""
    _pages.submit(copy_context().run, _send, page)


def _send(page: Page) -> None:
    with for_the_eye(page.title):
        create_markdown_artifact(page.text, key=page.key, description=page.title)


def await_pages() -> None:
    """All pages so far are sent, since there is one thread for them."""
    _pages.submit(int).result()
