"""Tells what a chart can ask of `.Capabilities` where helm has to render it without the cluster.

A first install creates what is in crds/ before helm renders the templates, so they find these kinds. No dry run of
helm's does: it looks up the kinds of all objects in the cluster as it is
(https://helm.sh/docs/chart_best_practices/custom_resource_definitions/).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tasks.cluster.access import Cluster
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.placement import defined, served
from tasks.engines.helm.rendering import Objects


@dataclass(frozen=True)
class Capabilities:
    """What templates are told of the cluster.

    Attributes:
        version: its version.
        versions: the API versions that it serves, alone and with each kind ("apps/v1", "apps/v1/Deployment").
    """

    version: str
    versions: tuple[str, ...]


def missing(cluster: Cluster, definitions: Objects) -> dict[Reference, Manifest]:
    """Return those of the definitions of which the cluster serves no version."""
    return {
        about: manifest
        for about, manifest in definitions.items()
        if not any(cluster.knows(Reference(version, kind, "", "")) for version, kind in _versions(manifest))
    }


def capabilities(cluster: Cluster, coming: Objects) -> Capabilities:
    """Return what a cluster serves once it has these definitions.

    Args:
        cluster: the cluster, as the identity that reads.
        coming: custom resource definitions that do not exist yet.
    """
    found = [(version, kind) for version, kinds in cluster.served() for kind in kinds]
    found += [each for manifest in coming.values() for each in _versions(manifest)]
    named = (text for version, kind in found for text in (version, f"{version}/{kind}"))
    return Capabilities(cluster.version(), tuple(dict.fromkeys(named)))


def _versions(definition: Manifest) -> Iterator[tuple[str, str]]:
    """Yield the API version and kind of each version that a definition serves."""
    for (_, kind), spec in defined([definition]).items():
        for version in served(spec):
            yield version, kind
