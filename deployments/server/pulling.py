"""The first step of every run that a worker starts: use the worker's own code, and check the shared store.

Workers of one pool run on machines that share only Prefect and the store. So a deployment names no folder: each
worker runs the flows installed beside it. The deployment names the store by an identity that only that store returns.
A worker with another store would miss claims and apply what another run is applying.
"""

from __future__ import annotations

from pathlib import Path

from tasks import settings
from tasks.domain.errors import InvalidInput
from tasks.ledger import secret_key
from tasks.ledger.opening import open_store

PROJECT = Path(__file__).resolve().parents[2]
"""The folder that contains the flows: the checkout, or the folder into which a wheel was installed."""

PULL_STEP = f"{__name__}.enter"
"""The name of the step in a Prefect deployment."""


def enter(store: str) -> dict[str, str]:
    """Check the store and return this machine's code folder.

    Args:
        store: the identity of the store that the deployment was registered for.

    Returns:
        The result that Prefect expects of a pull step: the folder to work in.

    Raises:
        InvalidInput: this worker uses another store.
    """
    found = open_store(settings.load())
    if secret_key.identity(found) != store:
        raise InvalidInput(
            f"this worker's store is {found.address}, and that of the server is another one. Nothing was started; "
            "set FLOWMART_STORE to the same bucket on every machine and start the worker again"
        )
    return {"directory": str(PROJECT)}
