"""metadata.managedFields of an object: reading what stands there, deciding what counts, writing it back."""

from __future__ import annotations

from deployments.sandbox.kubernetes.patches import ownership
from deployments.sandbox.kubernetes.patches.ownership import Owners
from deployments.sandbox.kubernetes.resources import Object


def given(item: Object) -> Owners:
    """The managed fields that an object brings along; what cannot be read counts for nothing."""
    try:
        return ownership.read(item["metadata"].get("managedFields"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def decided(before: Object, after: Object) -> Owners:
    """The owners that an update starts from: clients may rewrite managedFields, or reset them with an empty entry."""
    rewritten = after["metadata"].get("managedFields")
    if rewritten == [{}]:
        return {}
    return (given(after) if rewritten else {}) or given(before)


def own(item: Object, owners: Owners) -> None:
    """Write the owners into an object that is the caller's own."""
    entries = ownership.written(owners)
    item["metadata"].pop("managedFields", None)
    if entries:
        item["metadata"]["managedFields"] = entries
