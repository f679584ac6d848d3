"""The keys of pages: of which thing each is."""

from __future__ import annotations


def key(*parts: str) -> str:
    """A key of several names. No name holds two hyphens, so different names never make the same key."""
    return "--".join(parts)


def approval_key(environment: str) -> str:
    """The key of the page with what waits for an approval in an environment."""
    return key("approval", environment)


def drift_key(environment: str) -> str:
    """The key of the page with the last drift report of an environment."""
    return key("drift", environment)
