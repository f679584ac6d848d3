"""Which kinds of objects a cluster serves: their paths, whether they live in namespaces, in which versions.

Of each group and version that is needed the cluster is asked once, and again for a kind that is missing, since its
definition may come meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tasks.cluster.objects import Reference

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")

Ask = Callable[[str], Mapping[str, Any]]
"""What the cluster answers at a path; empty for "there is no such thing"."""


class Kinds:
    """The kinds of one cluster."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._resources: dict[str, Mapping[str, Mapping[str, Any]]] = {}

    def path(self, about: Reference) -> str | None:
        """The path of an object, or of all of a kind when it has no name; None when the kind is not served."""
        resource = self.resource(about)
        if resource is None:
            return None
        inside = f"/namespaces/{about.namespace}" if resource["namespaced"] and about.namespace else ""
        return f"{_root(about.api_version)}{inside}/{resource['name']}{f'/{about.name}' if about.name else ''}"

    def resource(self, about: Reference) -> Mapping[str, Any] | None:
        """What discovery says of a kind; None when it is not served."""
        known = self._resources.get(about.api_version, {})
        if about.kind not in known:
            known = self._resources[about.api_version] = self._served(about.api_version)
        return known.get(about.kind)

    def versions(self, about: Reference) -> list[str]:
        """In which API versions the group serves the kind, the most stable one first."""
        group = self._ask(f"/apis/{about.group}") if about.group else {"versions": [{"groupVersion": "v1"}]}
        found = sorted((each["groupVersion"] for each in group.get("versions") or ()), key=_stability, reverse=True)
        return [version for version in found if about.kind in self._served(version)]

    def _served(self, api_version: str) -> Mapping[str, Mapping[str, Any]]:
        """The kinds of one group and version; none when the cluster does not serve it."""
        found = self._ask(_root(api_version))
        return {item["kind"]: item for item in found.get("resources", ()) if "/" not in item["name"]}


def _root(api_version: str) -> str:
    return f"/{'apis' if '/' in api_version else 'api'}/{api_version}"


def _stability(api_version: str) -> tuple[int, int, int]:
    """Sorts v1 after v1beta2, that after v1beta1, that after v1alpha1, as Kubernetes itself does."""
    found = _VERSION.fullmatch(api_version.rpartition("/")[2])
    if found is None:
        return (0, 0, 0)
    level = {None: 3, "beta": 2, "alpha": 1}[found[2]]
    return (level, int(found[1]), int(found[3] or 0))
