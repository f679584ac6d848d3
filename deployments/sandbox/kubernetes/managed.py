"""Read and write an object's metadata.managedFields, and decide which entries an update starts from."""

from __future__ import annotations

from deployments.sandbox.kubernetes.patches import ownership
from deployments.sandbox.kubernetes.patches.ownership import Owners
from deployments.sandbox.kubernetes.resources import Object


def given(item: Object) -> Owners:
    """Return the managed fields that an object contains; empty if they cannot be read."""
    try:
        return ownership.read(item["metadata"].get("managedFields"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def decided(before: Object, after: Object) -> Owners:
    """Return the owners that an update starts from.

    Clients may rewrite managedFields, or reset them with one empty entry.
    """
    rewritten = after["metadata"].get("managedFields")
    if rewritten == [{}]:
        return {}
    return (given(after) if rewritten else {}) or given(before)


def own(item: Object, owners: Owners) -> None:
    """Write the owners into `item`, in place. The caller must own `item`."""
    entries = ownership.written(owners)
    item["metadata"].pop("managedFields", None)
    if entries:
        item["metadata"]["managedFields"] = entries
