"""Select the writes that concern a controller: building blocks for `Controller.affected`."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.sandbox.kubernetes.resources import built_in
from deployments.sandbox.kubernetes.storage import Event, Key, key


def itself(event: Event, kind: str) -> Iterator[Key]:
    """Yield the key of the written object, if it has this kind."""
    if _is(event, kind):
        yield event.key


def owner(event: Event, dependent: str, kind: str) -> Iterator[Key]:
    """Yield the owner, of kind `kind`, of a written object of kind `dependent`."""
    if not _is(event, dependent):
        return
    for reference in event.object["metadata"].get("ownerReferences") or ():
        if reference["kind"] == kind:
            yield key(built_in(kind), event.key.namespace, reference["name"])


def _is(event: Event, kind: str) -> bool:
    resource = built_in(kind)
    return (event.key.group, event.key.plural) == (resource.group, resource.plural)


def of_kind(event: Event, kind: str) -> bool:
    """Tell whether an object of this kind was written."""
    return _is(event, kind)
