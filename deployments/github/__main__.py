"""`python -m deployments.github`: runs the receiver with its dispatcher and its sweep.

On SIGTERM or SIGINT it responds to requests that it has begun to read and finishes its writes. The rest stays in the
inbox for the next process.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
import uvicorn
from fastapi import FastAPI

from deployments import prefect_health
from deployments.github import settings as github_settings
from deployments.github.asking import GitHubSource
from deployments.github.closing import Closing
from deployments.github.connections import ImpatientProtocol, allow_many
from deployments.github.dispatch import Dispatcher
from deployments.github.home import Home
from deployments.github.inbox import Inbox
from deployments.github.receiver import PATH, create_app
from deployments.github.runs import PrefectRuns
from deployments.github.schedules import Watch
from deployments.github.settings import ReceiverSettings
from deployments.github.strangers import Strangers
from deployments.github.sweep import Sweep
from flows import logs
from tasks import settings as product_settings
from tasks.domain.errors import InvalidInput
from tasks.github import repositories
from tasks.github.client import connect
from tasks.github.repositories import OnGitHub
from tasks.settings import Settings

log = structlog.get_logger("flowmart.github")

_DAY = 24 * 3600.0
_NO_SWEEP = "missed deliveries are not looked for: no GitHub App, and no FLOWMART_GITHUB_TOKEN, to ask as"

_SWITCH = 0.0005
"""Seconds after which Python switches to another thread."""

_GRACE = 10
"""Seconds to finish reading deliveries when the receiver is stopped."""


def main() -> None:
    """Run the receiver until it is stopped; exit with code 64 if its settings are invalid."""
    parser = argparse.ArgumentParser(prog="python -m deployments.github", description="FlowMart's GitHub receiver")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4280)
    asked = parser.parse_args()
    # Comments and the logs about them are private: other users of this machine must not read them.
    os.umask(0o077)
    allow_many()
    try:
        product = product_settings.load()
        logs.configure(product.log, in_runs=False, folder=product.log_files)
        app = compose(github_settings.load(), product)
    except InvalidInput as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(64)
    # Imported modules are never garbage: scanning them took 110 ms at every 800th delivery.
    gc.freeze()
    # A response takes a few short steps. At each of them, the threads that start flow runs may hold the
    # interpreter for this long. With the default, 5 ms, these waits were most of the response time.
    sys.setswitchinterval(_SWITCH)
    log.info("receiving", what=f"http://{asked.host}:{asked.port}{PATH}")
    uvicorn.run(
        app,
        host=asked.host,
        port=asked.port,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE,
        http=ImpatientProtocol,
        h11_max_incomplete_event_size=32 * 1024,
    )


def compose(settings: ReceiverSettings, product: Settings) -> FastAPI:
    """Return the receiver's app, which starts and stops its background threads.

    Args:
        settings: the receiver's settings.
        product: the product's settings.

    Raises:
        InvalidInput: the platform names no repository, the inbox cannot be used, or PREFECT_API_URL is not set.
    """
    runs = PrefectRuns(product.platform_name)
    inbox = Inbox(settings.inbox_file)
    home = Home(product, inbox)
    client = connect(product) if product.signs_in_to_github else None
    objection = Strangers(client, home).objection if client else lambda _: ""
    dispatcher = Dispatcher(inbox, runs, settings.retention_days * _DAY, objection=objection)
    prefect = prefect_health.server_at(runs.address, product.platform_name)
    watch = Watch(lambda since: prefect_health.judge(prefect, since))
    workers: list[Worker] = [dispatcher, watch]
    if client:
        workers.append(Sweep(inbox, GitHubSource(client, product), settings, home, dispatcher.wake))
        # A separate client, because each belongs to one thread.
        workers.append(Closing(inbox, PrefectRuns(product.platform_name), Hub(product)))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for worker in workers:
            worker.start()
        if not client:
            log.warning("not sweeping", what=_NO_SWEEP)
        yield
        for worker in reversed(workers):
            worker.stop()
        inbox.close()
        log.info("ended")

    def trouble() -> str:
        return "; ".join(filter(None, (worker.trouble() for worker in workers)))

    return create_app(settings, home, inbox, dispatcher.wake, trouble, lambda: watch.health, lifespan)


class Worker(Protocol):
    """A background thread of the receiver."""

    def start(self) -> None:
        """Start the thread."""

    def stop(self) -> None:
        """Stop the thread."""

    def trouble(self) -> str:
        """Return what prevents its work; empty if nothing does."""


class Hub:
    """Connects to the platform's repository on GitHub with the product's credentials."""

    def __init__(self, product: Settings) -> None:
        self._product = product
        self._client = connect(product)

    def __call__(self, run: str) -> OnGitHub:
        """Return the repository from the point of view of the run with that id."""
        found = repositories.of_platform(self._client, self._product)
        return OnGitHub(self._client, found, self._product.platform_name, run)


if __name__ == "__main__":
    main()
