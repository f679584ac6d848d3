"""Discovery: the documents that list groups, versions and kinds. Every client reads them first.

Both forms exist: the older one, with a document per group and version, and the aggregated one (KEP-3352).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deployments.sandbox.kubernetes.resources import Catalogue, Object, Resource

VERSION = "v1.34.0"

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
_SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}


def version() -> Object:
    """Return the server version that `kubectl version` shows."""
    return {
        "major": "1",
        "minor": "34",
        "gitVersion": f"{VERSION}+sandbox",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2025-08-27T10:17:00Z",
        "goVersion": "simulated",
        "compiler": "simulated",
        "platform": "linux/amd64",
    }


def core_versions() -> Object:
    """Return /api in the older form."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def groups(catalogue: Catalogue) -> Object:
    """Return /apis in the older form."""
    names = dict.fromkeys(resource.group for resource in catalogue if resource.group)
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(catalogue, name) for name in names]}


def group(catalogue: Catalogue, name: str) -> Object | None:
    """Return /apis/<group>, or `None` if the group does not exist."""
    known = any(resource.group == name for resource in catalogue)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(catalogue, name)} if known else None


def _group(catalogue: Catalogue, name: str) -> Object:
    versions = [{"groupVersion": f"{name}/{v}", "version": v} for v in _versions(catalogue, name)]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _versions(catalogue: Catalogue, group: str) -> list[str]:
    return list(dict.fromkeys(resource.version for resource in catalogue if resource.group == group))


def resources(catalogue: Catalogue, group: str, version: str) -> Object | None:
    """Return /api/v1 or /apis/<group>/<version>, or `None` if nothing is served there."""
    found = [resource for resource in catalogue if (resource.group, resource.version) == (group, version)]
    if not found:
        return None
    listed = [row for resource in found for row in _rows(resource)]
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed}


def _rows(resource: Resource) -> Iterable[Object]:
    yield {
        "name": resource.plural,
        "singularName": _singular(resource),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
        **({"shortNames": list(resource.short_names)} if resource.short_names else {}),
        **({"categories": list(resource.categories)} if resource.categories else {}),
        "storageVersionHash": "",
    }
    for name, kind, verbs in subresources(resource):
        row = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
        yield row | {"kind": kind["kind"], "verbs": list(verbs), **_elsewhere(kind, resource)}


def _elsewhere(kind: Object, resource: Resource) -> Object:
    own = (kind["group"], kind["version"]) == (resource.group, resource.version)
    return {} if own else {"group": kind["group"], "version": kind["version"]}


def _singular(resource: Resource) -> str:
    return resource.singular or resource.kind.lower()


def subresources(resource: Resource) -> list[tuple[str, Object, tuple[str, ...]]]:
    """Return the subresources of a kind as (name, kind, verbs)."""
    own = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    found: list[tuple[str, Object, tuple[str, ...]]] = []
    if resource.status:
        found.append(("status", own, ("get", "patch", "update")))
    if resource.scale:
        found.append(("scale", _SCALE, ("get", "patch", "update")))
    more: dict[str, list[tuple[str, Object, tuple[str, ...]]]] = {
        "pods": [
            ("log", own, ("get",)),
            ("eviction", {"group": "policy", "version": "v1", "kind": "Eviction"}, ("create",)),
            ("proxy", own | {"kind": "PodProxyOptions"}, ("get",)),
        ],
        "services": [("proxy", own | {"kind": "ServiceProxyOptions"}, ("get",))],
        "serviceaccounts": [
            ("token", {"group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest"}, ("create",))
        ],
    }
    return found + (more.get(resource.plural, []) if not resource.group else [])


def aggregated_type(accept: str) -> str | None:
    """Return the accepted content type of aggregated discovery, or `None` if the client wants the older form."""
    for version_ in ("v2", "v2beta1"):
        if "as=APIGroupDiscoveryList" in accept and f"v={version_};" in accept + ";":
            return _AGGREGATED.format(version_)
    return None


def aggregated(catalogue: Catalogue, core: bool, kind: str) -> Object:
    """Return /api (`core`) or /apis in the aggregated form."""
    names = [""] if core else list(dict.fromkeys(resource.group for resource in catalogue if resource.group))
    api_version = "apidiscovery.k8s.io/" + ("v2beta1" if "v2beta1" in kind else "v2")
    items = [_aggregated_group(catalogue, name) for name in names]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": api_version, "metadata": {}, "items": items}


def _aggregated_group(catalogue: Catalogue, name: str) -> Object:
    versions = [
        {
            "version": version_,
            "freshness": "Current",
            "resources": [_aggregated_row(r) for r in catalogue if (r.group, r.version) == (name, version_)],
        }
        for version_ in _versions(catalogue, name)
    ]
    metadata: dict[str, Any] = {"name": name} if name else {}
    return {"metadata": metadata | {"creationTimestamp": None}, "versions": versions}


def _aggregated_row(resource: Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    below = [
        {"subresource": name, "responseKind": response, "verbs": list(verbs)}
        for name, response, verbs in subresources(resource)
    ]
    return {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": _singular(resource),
        "verbs": list(resource.verbs),
        **({"shortNames": list(resource.short_names)} if resource.short_names else {}),
        **({"categories": list(resource.categories)} if resource.categories else {}),
        **({"subresources": below} if below else {}),
    }
