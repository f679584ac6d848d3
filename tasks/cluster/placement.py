"""Finds where objects live: in the namespace that they name, in the context's, or in none. The cluster decides.

Manifests do not say. kustomize gives a namespace to every custom resource, even a cluster-wide one. A manifest
without a namespace means the context's, as with `kubectl apply`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from tasks.cluster.access import Cluster
from tasks.cluster.objects import Manifest, Reference, ordered

DEFINITION = "CustomResourceDefinition"

_T = TypeVar("_T")


def placed(cluster: Cluster, objects: Mapping[Reference, _T], coming: Iterable[Manifest] = ()) -> dict[Reference, _T]:
    """Key the objects by references that say where they live in the cluster, in the order of applying.

    Args:
        cluster: the cluster.
        objects: the objects, by the references that their manifests give.
        coming: manifests that may define kinds which the cluster does not serve yet.
    """
    scopes = {key: spec.get("scope") == "Namespaced" for key, spec in defined(coming).items()}
    found = {_placed(cluster, about, scopes): item for about, item in objects.items()}
    return {about: found[about] for about in ordered(found)}


def placed_manifests(
    cluster: Cluster, objects: Mapping[Reference, Manifest], coming: Iterable[Manifest] = ()
) -> dict[Reference, Manifest]:
    """Do the same as `placed`, and set the namespaces in the manifests too."""
    found = placed(cluster, objects, coming)
    return {about: _in_namespace(manifest, about.namespace) for about, manifest in found.items()}


def _in_namespace(manifest: Manifest, namespace: str) -> Manifest:
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "namespace"}
    return {**manifest, "metadata": {**metadata, **({"namespace": namespace} if namespace else {})}}


def defined(manifests: Iterable[Manifest]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the kinds that custom resource definitions among the objects create: (group, kind) -> spec.

    Definitions that name no kind are left out: the cluster rejects them.
    """
    specs = [manifest.get("spec") for manifest in manifests if manifest.get("kind") == DEFINITION]
    pairs = ((spec, spec.get("names")) for spec in specs if isinstance(spec, Mapping))
    return {
        (str(spec.get("group")), str(names["kind"])): spec
        for spec, names in pairs
        if isinstance(names, Mapping) and "kind" in names
    }


def served(spec: Mapping[str, Any]) -> list[str]:
    """Return the API versions that the spec of a custom resource definition serves."""
    written = spec.get("versions")
    versions = [each for each in written if isinstance(each, Mapping)] if isinstance(written, list) else []
    return [f"{spec.get('group')}/{each.get('name')}" for each in versions if each.get("served")]


def why_not_served(about: Reference, spec: Mapping[str, Any]) -> str:
    """Explain why the definition of its kind does not fit an object; empty if it does, or serves nothing at all."""
    versions = served(spec)
    if not versions or about.api_version in versions:
        return ""
    return f"{about}: its definition in this release serves no {about.type}; use {' or '.join(versions)}"


def _placed(cluster: Cluster, about: Reference, scopes: Mapping[tuple[str, str], bool]) -> Reference:
    namespaced = cluster.is_namespaced(about)
    if namespaced is None:
        namespaced = scopes.get((about.group, about.kind))
    if namespaced is None or namespaced is bool(about.namespace):
        return about
    return Reference(about.api_version, about.kind, cluster.namespace if namespaced else "", about.name)
