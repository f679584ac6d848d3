"""The first step of every run that a worker starts: the code of the worker's own machine, and the store of all.

Workers of one pool are on machines that share nothing but Prefect and the store. So a deployment names no folder:
each worker runs the flows that are installed beside it. And it names the store, by an identity that only that store
gives: a worker with another store would know of no claim, and apply what somebody else is applying.
"""

from __future__ import annotations

from pathlib import Path

from tasks import settings
from tasks.domain.errors import InvalidInput
from tasks.ledger import secret_key
from tasks.ledger.opening import open_store

PROJECT = Path(__file__).resolve().parents[2]
"""Where the flows are: the checkout, or what a wheel was installed to."""

PULL_STEP = f"{__name__}.enter"
"""As Prefect names it in a deployment."""


def enter(store: str) -> dict[str, str]:
    """Go to the code of this machine.

    Args:
        store: the identity of the store that the deployment was registered for.

    Returns:
        Prefect's answer of a pull step: the folder to work in.

    Raises:
        InvalidInput: this worker has another store.
    """
    found = open_store(settings.load())
    if secret_key.identity(found) != store:
        raise InvalidInput(
            f"this worker's store is {found.address}, and that of the server is another one. Nothing was started; "
            "set FLOWMART_STORE to the same bucket on every machine and start the worker again"
        )
    return {"directory": str(PROJECT)}
