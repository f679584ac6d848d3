"""Reading many objects with few requests: a list has all of a kind in a namespace, where each would be a request.

A list may hold much that nobody wants, so only its first page is asked for. What is not on it is read by itself, and
so are Secrets: helm keeps its releases in them, a megabyte each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tasks.cluster import parallel
from tasks.cluster.access import Cluster
from tasks.cluster.errors import NotPermitted
from tasks.cluster.objects import Reference

_WORTH = 4
"""So many objects of a kind in a namespace are worth a list."""
_BESIDE, _MOST_BESIDE = 20, 500
"""So many others may be on the page for each that is wanted, and in all."""
_ALONE = "Secret"

Live = dict[str, Any] | None
"""An object as it is; None when there is none."""
Read = Callable[[Reference], Live]


class Reader:
    """Reads each of many objects; what a list said of one counts once, since whoever asks again wants to know anew.

    Args:
        cluster: where they are.
        wanted: those that will be read.
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
        """The live object; None when there is none."""
        return self._found.pop(about) if about in self._found else self._cluster.read(about)

    def _listed(self, alike: list[Reference]) -> dict[Reference, Live]:
        """What a list says of objects of one kind in one namespace; nothing of those that it does not reach."""
        try:
            limit = len(alike) + min(_BESIDE * len(alike), _MOST_BESIDE)
            items, complete = self._cluster.first(alike[0], limit)
        except NotPermitted:
            return {}
        found = {item["metadata"]["name"]: item for item in items}
        return {about: found.get(about.name) for about in alike if complete or about.name in found}


def read_all(cluster: Cluster, wanted: Iterable[Reference]) -> dict[Reference, Live]:
    """All of them, side by side."""
    each = list(wanted)
    return dict(zip(each, parallel.each(Reader(cluster, each).read, each), strict=True))
