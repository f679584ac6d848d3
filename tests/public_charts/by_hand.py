"""What somebody does to one object by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.servers.clusters import SandboxCluster

_WORKLOADS = "deployments,statefulsets,daemonsets"
_HOOK = "helm.sh/hook"
_IMAGE = "registry.example/by-hand:1"


def change_by_hand(cluster: SandboxCluster) -> str:
    """Change an object that somebody may have applied; what it is called in plans, empty where there is none."""
    for item in _applied(cluster, _WORKLOADS):
        containers = [
            {"name": each["name"], "image": _IMAGE} for each in item["spec"]["template"]["spec"]["containers"]
        ]
        return _patched(cluster, item, {"spec": {"template": {"spec": {"containers": containers}}}})
    for item in _applied(cluster, "configmaps"):
        return _patched(cluster, item, {"data": dict.fromkeys(list(item.get("data") or ())[:1], "by hand")})
    return ""


def _applied(cluster: SandboxCluster, kinds: str) -> Iterator[Mapping[str, Any]]:
    """Objects that no controller and no hook has made."""
    for item in cluster.object(kinds, "-A")["items"]:
        metadata = item["metadata"]
        hooked = _HOOK in (metadata.get("annotations") or {})
        if not hooked and not metadata.get("ownerReferences") and metadata["name"] != "kube-root-ca.crt":
            yield item


def _patched(cluster: SandboxCluster, item: Mapping[str, Any], patch: Mapping[str, Any]) -> str:
    metadata = item["metadata"]
    where = ("-n", metadata["namespace"], "--field-manager", "somebody")
    cluster.kubectl("patch", item["kind"], metadata["name"], *where, "-p", json.dumps(patch))
    return f"{item['kind']}/{metadata['namespace']}/{metadata['name']}"
