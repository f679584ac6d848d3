"""Prefect's work pools, in which units are worked on: a job is a flow run of one deployment of the pool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import cast
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.settings import PREFECT_API_URL
from prefect.states import Cancelling

from tasks.domain.errors import Refused, Unanswered
from tasks.steps.publishing import best_effort

_FOR_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
"""Status codes of rejections that are worth a retry."""


class PrefectPools:
    """The work pools of a Prefect server.

    Args:
        platform: the platform whose deployments run the jobs.
    """

    def __init__(self, platform: str) -> None:
        self._platform = platform

    def refuse_absent(self, name: str) -> None:
        """See `tasks.jobs.pool.Pool`."""
        try:
            with _answering(name), get_client(sync_client=True) as client:
                client.read_deployment_by_name(self._deployment(name))
        except ObjectNotFound as error:
            raise Refused(
                f"the Prefect server at {_address()} has no work pool {name} for units of {self._platform}. Nothing "
                "was started; run `flowmart server up` on the server's machine"
            ) from error
        except Unanswered as error:
            raise Unanswered(f"{error}. Nothing was started; promote again once it does") from error

    def submit(self, name: str, environment: str, job: str) -> str:
        """See `tasks.jobs.pool.Pool`."""
        given = {"environment": environment, "job": job}
        try:
            with _answering(name):
                run = run_deployment(self._deployment(name), parameters=given, timeout=0, idempotency_key=job)
        except ObjectNotFound as error:
            raise Unanswered(
                f"the deployment of the work pool {name} is gone from the Prefect server at {_address()}; run "
                "`flowmart server up` on the server's machine"
            ) from error
        return str(cast("FlowRun", run).id)

    def end(self, submitted: str) -> str:
        """See `tasks.jobs.pool.Pool`."""
        with best_effort("how a job is"), get_client(sync_client=True) as client:
            state = client.read_flow_run(UUID(submitted)).state
            if state is not None and state.is_final():
                return f"{state.name} {state.message or ''}".strip()
        return ""

    def cancel(self, submitted: str) -> None:
        """See `tasks.jobs.pool.Pool`."""
        with best_effort("that a job is cancelled"), get_client(sync_client=True) as client:
            client.set_flow_run_state(UUID(submitted), Cancelling())

    def _deployment(self, name: str) -> str:
        return f"unit/{self._platform}-units-{name}"


@contextmanager
def _answering(name: str) -> Iterator[None]:
    """Raise `Unanswered` if Prefect does not respond, `Refused` if it rejects; pass on `ObjectNotFound`."""
    try:
        yield
    except ObjectNotFound:
        raise
    except (httpx.HTTPError, PrefectException, OSError) as error:
        status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else None
        if status == HTTPStatus.NOT_FOUND:
            raise ObjectNotFound(error) from error
        where = f"units run in the work pool {name}, and Prefect at {_address()}"
        if status is not None and 400 <= status < 500 and status not in _FOR_NOW:
            raise Refused(f"{where} refuses: {error}") from error
        raise Unanswered(f"{where} does not respond: {error}") from error


def _address() -> str:
    return PREFECT_API_URL.value() or "(none is named)"
