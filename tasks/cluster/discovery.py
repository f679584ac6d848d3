"""Knows which kinds a cluster serves: their paths, their versions, and whether they live in namespaces.

The cluster is asked once for each group and version that is needed. It is asked again for a kind that is missing,
because its definition may have been created meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tasks.cluster.objects import Reference
from tasks.domain.errors import Throttled, Unanswered

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")

Ask = Callable[[str], Mapping[str, Any]]
"""Returns the cluster's response at a path; empty for "not found"."""


class Kinds:
    """The kinds of one cluster."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._resources: dict[str, Mapping[str, Mapping[str, Any]]] = {}

    def path(self, about: Reference) -> str | None:
        """Return the path of an object, or of all of its kind if it has no name; None if the kind is not served."""
        resource = self.resource(about)
        if resource is None:
            return None
        inside = f"/namespaces/{about.namespace}" if resource["namespaced"] and about.namespace else ""
        return f"{_root(about.api_version)}{inside}/{resource['name']}{f'/{about.name}' if about.name else ''}"

    def resource(self, about: Reference) -> Mapping[str, Any] | None:
        """Return the discovery entry of a kind; None if it is not served."""
        known = self._resources.get(about.api_version, {})
        if about.kind not in known:
            known = self._served(about.api_version)
        return known.get(about.kind)

    def served(self, about: Reference) -> Reference | None:
        """Return the reference in the most stable version that the cluster serves now; None if it serves none."""
        self._resources.pop(about.api_version, None)
        return next((replace(about, api_version=version) for version in self.versions(about)), None)

    def versions(self, about: Reference) -> list[str]:
        """Return the API versions in which the group serves the kind, the most stable one first."""
        group = self._ask(f"/apis/{about.group}") if about.group else {"versions": [{"groupVersion": "v1"}]}
        found = sorted((each["groupVersion"] for each in group.get("versions") or ()), key=_stability, reverse=True)
        return [version for version in found if about.kind in self._served(version)]

    def all(self) -> Iterator[tuple[str, Collection[str]]]:
        """Yield everything that is served: each API version, with its kinds.

        A version that does not respond is passed over, as helm does: the service behind it may be down for long.
        """
        core = [str(version) for version in self._ask("/api").get("versions") or ()]
        groups = self._ask("/apis").get("groups") or ()
        versions = (str(each["groupVersion"]) for group in groups for each in group.get("versions") or ())
        for version in (*core, *versions):
            try:
                known = self._served(version)
            except Throttled:
                raise
            except Unanswered:
                continue
            yield version, known.keys()

    def _served(self, api_version: str) -> Mapping[str, Mapping[str, Any]]:
        """Ask for the kinds of one group and version, and remember them; empty if the cluster does not serve it."""
        found = self._ask(_root(api_version))
        known = {item["kind"]: item for item in found.get("resources", ()) if "/" not in item["name"]}
        self._resources[api_version] = known
        return known


def _root(api_version: str) -> str:
    return f"/{'apis' if '/' in api_version else 'api'}/{api_version}"


def _stability(api_version: str) -> tuple[int, int, int]:
    """The sort key of a version, as in Kubernetes: v1alpha1, v1beta1, v1beta2, v1."""
    found = _VERSION.fullmatch(api_version.rpartition("/")[2])
    if found is None:
        return (0, 0, 0)
    level = {None: 3, "beta": 2, "alpha": 1}[found[2]]
    return (level, int(found[1]), int(found[3] or 0))
