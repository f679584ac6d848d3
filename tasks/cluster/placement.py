"""Where objects live: in the namespace that they name, in the context's, or in none. The cluster knows.

Manifests do not tell: kustomize gives a namespace to every custom resource, cluster-wide ones too, and who leaves the
namespace out means the one of the context, as with `kubectl apply`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from tasks.cluster.access import Cluster
from tasks.cluster.objects import Manifest, Reference, ordered

DEFINITION = "CustomResourceDefinition"

_T = TypeVar("_T")


def placed(cluster: Cluster, objects: Mapping[Reference, _T], coming: Iterable[Manifest] = ()) -> dict[Reference, _T]:
    """The same objects, under references that say where the cluster has them, in the order of applying.

    Args:
        coming: manifests that may define kinds which the cluster does not know yet.
    """
    scopes = {key: spec.get("scope") == "Namespaced" for key, spec in defined(coming).items()}
    found = {_placed(cluster, about, scopes): item for about, item in objects.items()}
    return {about: found[about] for about in ordered(found)}


def placed_manifests(
    cluster: Cluster, objects: Mapping[Reference, Manifest], coming: Iterable[Manifest] = ()
) -> dict[Reference, Manifest]:
    """The same as `placed`, with the namespaces in the manifests, too."""
    found = placed(cluster, objects, coming)
    return {about: _in_namespace(manifest, about.namespace) for about, manifest in found.items()}


def _in_namespace(manifest: Manifest, namespace: str) -> Manifest:
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "namespace"}
    return {**manifest, "metadata": {**metadata, **({"namespace": namespace} if namespace else {})}}


def defined(manifests: Iterable[Manifest]) -> dict[tuple[str, str], Mapping[str, object]]:
    """Group and kind of what the custom resource definitions among the objects bring, with their specs."""
    specs = (manifest["spec"] for manifest in manifests if manifest.get("kind") == DEFINITION)
    return {(spec["group"], spec["names"]["kind"]): spec for spec in specs}


def _placed(cluster: Cluster, about: Reference, scopes: Mapping[tuple[str, str], bool]) -> Reference:
    namespaced = cluster.is_namespaced(about)
    if namespaced is None:
        namespaced = scopes.get((about.group, about.kind))
    if namespaced is None or namespaced is bool(about.namespace):
        return about
    return Reference(about.api_version, about.kind, cluster.namespace if namespaced else "", about.name)
