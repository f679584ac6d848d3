"""`python -m deployments.server.registrar`: keeps Prefect in line with prefect.yaml, platform.yaml and the store.

It polls every few seconds, so that forms soon offer a new release, whichever machine made it. Nothing depends on it:
while it is down the forms are outdated, and the flows check what the forms start.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Hashable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import httpx
import structlog
from prefect.exceptions import PrefectException

from deployments.server import board, catalogue, forms, registration
from deployments.server.forms import Form
from deployments.server.lifecycle import PREFECT_YAML
from flows import logs
from tasks import manifest, settings
from tasks.domain.errors import BrokenChain, FlowmartError, UnreadableRecord
from tasks.ledger import secret_key
from tasks.ledger.history import History
from tasks.promotion import approval_requests
from tasks.reports import board_markdown
from tasks.settings import Settings

log = structlog.get_logger("flowmart.server")

_NEAR, _FAR = 2.0, 15.0
"""Seconds between polls of a folder, and of a bucket."""


class Registrar:
    """Remembers what was registered last, to register only changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._history = History(self._settings)
        self._infrastructure = self._settings.repository / "infrastructure"
        self._declared: Hashable = None
        self._happened: Hashable = None
        self._known: tuple[registration.Known, ...] = ()
        self._offered: dict[str, Form] = {}

    @property
    def pause(self) -> float:
        """Seconds until the next poll."""
        return _FAR if "://" in self._history.store.address else _NEAR

    def look(self) -> None:
        """Register with Prefect what has changed since the last call.

        If it fails, the next call tries again.

        Raises:
            FlowmartError: a file or the store is invalid or cannot be read.
            PrefectException, httpx.HTTPError: Prefect rejects a request or does not respond.
            OSError: a file cannot be read.
        """
        files = PREFECT_YAML, self._infrastructure / "platform.yaml"
        declared = tuple(file.read_bytes() for file in files)
        happened = self._what_happened()
        if declared != self._declared:
            platform = manifest.load(self._infrastructure)
            wanted = catalogue.load(PREFECT_YAML, platform)
            self._known = registration.register(wanted, secret_key.identity(self._history.store))
            self._declared, self._happened, self._offered = declared, None, {}
        if happened != self._happened:
            # The board first: it shows the damage that prevents the forms from being built.
            registration.show(board_markdown.page(board.of(self._settings, self._history)))
            self._known = registration.offer(self._known, self._world(), self._offered)
            self._happened = happened

    def _what_happened(self) -> Hashable:
        newest = tuple((name, self._newest(name)) for name in self._history.ledger.environments())
        return self._history.store.names("releases"), newest

    def _newest(self, environment: str) -> int | str:
        """Return the number of the newest ledger entry, or why the ledger cannot be read."""
        try:
            return self._history.state(environment).number
        except (BrokenChain, UnreadableRecord) as error:
            return str(error)

    def _world(self) -> forms.World:
        platform = manifest.load(self._infrastructure)
        names = [environment.name for environment in platform.environments]
        return forms.World(
            platform,
            tuple(reversed(self._history.releases.all()[0])),
            {name: self._history.state(name) for name in names},
            {name: self._history.verified(name) for name in names},
            approval_requests.waiting(self._history.ledger, datetime.now(UTC)),
        )


def main() -> NoReturn:
    """Poll until stopped. The first poll must succeed; later failures are logged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registered", type=Path, required=True, help="file to write once all is registered")
    file: Path = parser.parse_args().registered
    chosen = settings.load()
    logs.configure(chosen.log, in_runs=False, folder=chosen.log_files)
    registrar = Registrar(chosen)
    registrar.look()
    file.write_text(str(os.getpid()))
    log.info("registered", what="what can be started is in Prefect")
    while True:
        time.sleep(registrar.pause)
        try:
            registrar.look()
        except (FlowmartError, PrefectException, httpx.HTTPError, OSError) as error:
            log.warning("not registered", why=str(error), error_type=type(error).__name__)


if __name__ == "__main__":
    main()
