"""Records which comments and reviews were acted on, so that each is handled once, even if it is delivered again.

The records are in the platform's store, because the receiver and Prefect may lose them. The run that creates a
record first acts. A repository is identified by its number, so that renaming it does not repeat anything.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Literal

from tasks.domain.errors import AlreadyExists
from tasks.ledger.store import Store

Kind = Literal["comment", "review"]


def begin(store: Store, repository: int, kind: Kind, id: int, by: str) -> bool:
    """Record that a comment or review is being handled; return False if it was recorded before.

    The record is made before anything is done: a run that crashes is not restarted automatically.

    Args:
        store: the platform's store.
        repository: the repository's number on GitHub.
        kind: comment or review.
        id: its id on GitHub.
        by: the login of its author.
    """
    note = {"by": by, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        store.create(f"github/{repository}/{kind}s/{id}.json", json.dumps(note).encode())
    except AlreadyExists:
        return False
    return True
