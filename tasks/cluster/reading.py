"""Reads many objects with few requests: one list returns all objects of a kind in a namespace.

A list may contain many objects that are not wanted, so only its first page is requested. Objects that are not on it
are read one by one. So are Secrets: helm keeps its releases in them, a megabyte each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tasks.cluster import parallel
from tasks.cluster.access import Cluster
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Reference

_WORTH = 4
"""How many wanted objects of a kind in a namespace are worth a list."""
_BESIDE, _MOST_BESIDE = 20, 500
"""How many unwanted objects may be on the page: for each wanted one, and in all."""
_ALONE = "Secret"

Live = dict[str, Any] | None
"""A live object; None if it does not exist."""
Read = Callable[[Reference], Live]


class Reader:
    """Reads many objects with the help of lists.

    The result of a list is used once for each object, because a second read should see the current state.

    Args:
        cluster: where the objects are.
        wanted: the objects that will be read.
    """

    def __init__(self, cluster: Cluster, wanted: Iterable[Reference]) -> None:
        self._cluster = cluster
        self._found: dict[Reference, Live] = {}
        kinds: dict[tuple[str, str, str], list[Reference]] = {}
        for about in wanted:
            kinds.setdefault((about.api_version, about.kind, about.namespace), []).append(about)
        worth = [alike for alike in kinds.values() if len(alike) >= _WORTH and alike[0].kind != _ALONE]
        for found in parallel.each(self._listed, worth):
            self._found |= found

    def read(self, about: Reference) -> Live:
        """Return the live object; None if it does not exist."""
        return self._found.pop(about) if about in self._found else self._cluster.read(about)

    def _listed(self, alike: list[Reference]) -> dict[Reference, Live]:
        """List objects of one kind in one namespace; those beyond the first page are left out."""
        try:
            limit = len(alike) + min(_BESIDE * len(alike), _MOST_BESIDE)
            items, complete = self._cluster.first(alike[0], limit)
        except NotPermitted:
            return {}
        found = {item["metadata"]["name"]: item for item in items}
        return {about: found.get(about.name) for about in alike if complete or about.name in found}


def read_all(cluster: Cluster, wanted: Iterable[Reference]) -> dict[Reference, Live]:
    """Read all objects in parallel; None for those that do not exist."""
    each = list(wanted)
    return dict(zip(each, parallel.each(Reader(cluster, each).read, each), strict=True))
