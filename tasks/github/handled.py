"""Which comments and reviews were acted on: each once, for good, however often GitHub or somebody else brings it.

Kept in the platform's store and not with the receiver or Prefect, which may forget: whoever creates the name first
acts. A repository is named by its number, so that renaming it makes nothing new.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Literal

from tasks.domain.errors import AlreadyExists
from tasks.ledger.store import Store

Kind = Literal["comment", "review"]


def begin(store: Store, repository: int, kind: Kind, id: int, by: str) -> bool:
    """Note that a comment or review is acted on now; False when it was before.

    It is noted before anything is done: a run that dies on the way is not begun again by itself.
    """
    note = {"by": by, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        store.create(f"github/{repository}/{kind}s/{id}.json", json.dumps(note).encode())
    except AlreadyExists:
        return False
    return True
