"""Starts flow runs, one per key. The only module of the receiver that starts and reads Prefect's runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from pydantic import ValidationError

from deployments.github.events import Parameters
from deployments.prefect_server import deployment_of
from tasks.domain.errors import InvalidInput, NotFound, Refused, Unanswered

_TIMEOUT = 15.0
"""Seconds for one request to Prefect."""

_NOT_ABOUT_THE_RUN = frozenset({401, 403, 408, 425, 429})
"""HTTP statuses that do not concern a single run: authentication, timeouts and rate limits."""


class Runs(Protocol):
    """Starts flow runs."""

    def start(self, deployment: str, parameters: Parameters, key: str) -> str:
        """Start a run, or find the one that was started with that key, and return its id.

        Raises:
            Unanswered: the server does not respond, or starts no run at all now.
            NotFound: the deployment does not exist.
            Refused: the server will never accept these parameters.
        """


@dataclass(frozen=True)
class Ending:
    """How a run ended. `good`: it completed; otherwise `why` says for people what happened."""

    good: bool
    why: str = ""


class PrefectRuns:
    """Runs of a Prefect server's deployments; the server ensures one run per key."""

    def __init__(self, platform: str = "") -> None:
        """Find the server's address.

        Args:
            platform: the platform whose deployments are started, by flow; empty: use Prefect's deployment names.

        Raises:
            InvalidInput: PREFECT_API_URL is not set. Prefect would start a server of its own that nobody monitors.
        """
        self._platform = platform
        self.address = PREFECT_API_URL.value() or ""
        if not self.address:
            raise InvalidInput("PREFECT_API_URL is not set: the address of the Prefect server's API, ending in /api")
        self._deployments: dict[str, UUID] = {}

    @cached_property
    def _client(self) -> SyncPrefectClient:
        """The client, created in the thread that starts runs, because it changes that thread's settings for good.

        Retries are off: the dispatcher decides when to retry. It is not created per call, because Prefect takes 20 ms
        to change a setting.
        """
        self._settings = ExitStack()
        self._settings.enter_context(temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}))
        return get_client(sync_client=True, httpx_settings={"timeout": _TIMEOUT})

    def start(self, deployment: str, parameters: Parameters, key: str) -> str:
        """Start it; see `Runs`."""
        if self._platform:
            deployment = deployment_of(deployment.partition("/")[0], self._platform)
            # Keys are unique per flow, and all platforms on a server have the same flows.
            key = f"{self._platform}:{key}"
        with self._answers(deployment) as client:
            if deployment not in self._deployments:
                self._deployments[deployment] = client.read_deployment_by_name(deployment).id
            run = client.create_flow_run_from_deployment(
                self._deployments[deployment], parameters=dict(parameters), idempotency_key=key, tags=["github"]
            )
        return str(run.id)

    def ending(self, run: str) -> Ending | None:
        """Return how a run ended; None while it is running. Raises `Unanswered` if Prefect does not respond."""
        try:
            with self._answers("run"):
                found = self._client.read_flow_run(UUID(run)).state
        except NotFound:
            return Ending(False, "The run was deleted.")
        if found is None or not found.is_final():
            return None
        if found.is_completed():
            return Ending(True)
        lines = (found.message or "").strip().splitlines()
        return Ending(False, f"The run ended before it was done ({found.name}){f': {lines[0]}' if lines else '.'}")

    @contextmanager
    def _answers(self, deployment: str) -> Iterator[SyncPrefectClient]:
        """Translate Prefect's errors into the product's."""
        try:
            yield self._client
        except ObjectNotFound as error:
            raise self._missing(deployment) from error
        except PrefectHTTPStatusError as error:
            raise self._said_no(deployment, error.response) from error
        except (httpx.HTTPError, ValidationError) as error:
            what = str(error) or type(error).__name__
            raise Unanswered(f"Prefect at {self.address}: {what}") from error

    def _said_no(self, deployment: str, response: httpx.Response) -> Unanswered | NotFound | Refused:
        status = response.status_code
        if status == 404:
            return self._missing(deployment)
        said = f"Prefect at {self.address}: {status} {response.text[:300]}"
        if status >= 500 or status in _NOT_ABOUT_THE_RUN:
            return Unanswered(said)
        return Refused(f"{deployment}: {said}")

    def _missing(self, deployment: str) -> NotFound:
        self._deployments.pop(deployment, None)
        return NotFound(f"Prefect at {self.address} has no deployment {deployment}: `flowmart server up` makes it")
