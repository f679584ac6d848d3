"""Builds the keys of pages, which identify their subjects."""

from __future__ import annotations


def key(*parts: str) -> str:
    """Join names to a key. No name holds two hyphens, so different names never make the same key."""
    return "--".join(parts)


def approval_key(environment: str) -> str:
    """Return the key of the page about an environment's approval request."""
    return key("approval", environment)


def drift_key(environment: str) -> str:
    """Return the key of the page with an environment's last drift report."""
    return key("drift", environment)
