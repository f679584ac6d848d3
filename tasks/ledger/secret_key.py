"""The key of a store's hashes of secrets: random, created when it is first needed, the same for every later run.

A plan's digest covers secrets by a keyed hash (`Plan.secrets`), because approvals bind to the digest. Without a key,
anybody who sees digests of plans could guess short secrets.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress

from tasks.domain.errors import AlreadyExists, NotFound
from tasks.ledger.store import Store

NAME = "keys/secrets"
"""The name of the key in the store."""

_BYTES = 32


def secret_key(store: Store) -> bytes:
    """Return the key of this store, and create it if it is missing. If two runs create one, the first counts."""
    try:
        return store.read(NAME)
    except NotFound:
        with suppress(AlreadyExists):
            store.create(NAME, secrets.token_bytes(_BYTES))
        return store.read(NAME)


def identity(store: Store) -> str:
    """Return an id that only this store and its copies have; it does not reveal the key."""
    return hmac.digest(secret_key(store), b"which store this is", hashlib.sha256).hex()[:16]
