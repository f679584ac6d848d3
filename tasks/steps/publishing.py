"""Publish pages to Prefect's run history. Nothing here decides anything, or delays a step."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context

import structlog
from prefect.artifacts import create_markdown_artifact
from prefect.context import FlowRunContext, TaskRunContext
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for

from tasks.reports.artifacts import Page

log = structlog.get_logger("flowmart.steps")

PATIENCE = 5.0
"""Seconds for which the end of a run waits until its pages are sent."""

_pages = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")
"""Sends pages in the background and in order."""


def run_id() -> str:
    """Return the id of the current flow run; "" outside of one."""
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else ""


def root_run_id() -> str:
    """Return the id of the top-level flow run that contains the current one; "" outside of a flow run."""
    run = run_id()
    if not run:
        return ""
    with best_effort("which run this one belongs to"):
        return str(flow_run.root_flow_run_id or run)
    return run


def run_address(run: str | None = None) -> str:
    """Return the address of a run in the Prefect UI, by default of the current one; "" outside of one."""
    shown = run_id() if run is None else run
    return (url_for("flow-run", obj_id=shown) or "") if shown else ""


def publish(page: Page) -> None:
    """Send a page to the run history, attached to the current run; does nothing outside of Prefect runs."""
    if FlowRunContext.get() is None and TaskRunContext.get() is None:
        return
    _pages.submit(copy_context().run, _send, page)


def await_pages() -> None:
    """Wait until all pages so far are sent, for at most `PATIENCE` seconds."""
    wait([_pages.submit(int)], timeout=PATIENCE)


@contextmanager
def best_effort(what: str) -> Iterator[None]:
    """Log an error inside and continue, because only the run history is affected."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 (the server's client may raise anything)
        log.debug("not shown in the run history", what=what, why=str(error))


def _send(page: Page) -> None:
    with best_effort(page.title):
        create_markdown_artifact(page.text, key=page.key, description=page.title)
