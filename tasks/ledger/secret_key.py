"""The key of a store's hashes over secrets: random, made when it is first needed, the same for every run after that.

A plan's digest covers secrets by a keyed hash (`Plan.secrets`), since approvals bind to it. Without a key, whoever
sees digests of plans could try out short secrets.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress

from tasks.domain.errors import AlreadyExists, NotFound
from tasks.ledger.store import Store

NAME = "keys/secrets"
"""Where the store keeps it."""

_BYTES = 32


def secret_key(store: Store) -> bytes:
    """The key of this store; made if there is none. Of two runs that make one, the first one's counts."""
    try:
        return store.read(NAME)
    except NotFound:
        with suppress(AlreadyExists):
            store.create(NAME, secrets.token_bytes(_BYTES))
        return store.read(NAME)


def identity(store: Store) -> str:
    """What tells this store from every other one, without a word about its key; a copy of it has the same."""
    return hmac.digest(secret_key(store), b"which store this is", hashlib.sha256).hex()[:16]
