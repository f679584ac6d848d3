"""Which folders of which public repositories are charts or kustomizations, and what they need from each other."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tasks.cluster.documents import document

ADDRESS = "https://github.com/"
CHARTS: Mapping[str, tuple[str, ...]] = {
    "GoogleCloudPlatform/microservices-demo": ("helm-chart",),
    "argoproj/argo-helm": ("charts",),
    "bitnami-labs/sealed-secrets": ("helm",),
    "cert-manager/cert-manager": ("deploy/charts",),
    "external-secrets/external-secrets": ("deploy/charts",),
    "fluent/helm-charts": ("charts",),
    "goharbor/harbor-helm": (".",),
    "grafana-community/helm-charts": ("charts",),
    "hashicorp/consul-k8s": ("charts/consul",),
    "hashicorp/vault-helm": (".",),
    "istio/istio": ("manifests/charts/base", "manifests/charts/istio-control"),
    "jaegertracing/helm-charts": ("charts",),
    "jenkinsci/helm-charts": ("charts",),
    "kedacore/charts": ("keda",),
    "kubernetes-sigs/descheduler": ("charts",),
    "kubernetes-sigs/external-dns": ("charts",),
    "kubernetes-sigs/metrics-server": ("charts",),
    "kubernetes-sigs/node-feature-discovery": ("deployment/helm",),
    "kubernetes/ingress-nginx": ("charts",),
    "kyverno/kyverno": ("charts",),
    "linkerd/linkerd2": ("charts/linkerd-crds",),
    "longhorn/longhorn": ("chart",),
    "open-telemetry/opentelemetry-helm-charts": (
        "charts/opentelemetry-collector",
        "charts/opentelemetry-operator",
        "charts/opentelemetry-kube-stack",
    ),
    "prometheus-community/helm-charts": ("charts",),
    "stakater/Reloader": ("deployments/kubernetes/chart",),
    "stefanprodan/podinfo": ("charts",),
    "strimzi/strimzi-kafka-operator": ("helm-charts/helm3",),
    "traefik/traefik-helm-chart": ("traefik",),
    "vmware-tanzu/helm-charts": ("charts",),
}
"""By repository, the folders whose charts are told of."""
BASES: Mapping[str, tuple[str, ...]] = {
    "GoogleCloudPlatform/microservices-demo": ("kubernetes-manifests",),
    "argoproj/argo-cd": ("manifests",),
    "kubernetes-sigs/kustomize": ("examples",),
    "kubernetes-sigs/metrics-server": ("manifests",),
    "kubernetes-sigs/node-feature-discovery": ("deployment",),
    "stefanprodan/podinfo": ("kustomize", "deploy"),
}
"""The same for kustomizations: everything below such a folder may be read by one."""
_FOR_DEPENDENCIES = ("DandyDeveloper/charts",)


@dataclass(frozen=True)
class PublicUnit:
    """One chart or kustomization.

    Attributes:
        name: repository and path.
        engine: helm or kustomize.
        root: the folder that it lies in, with what it may read beside it.
        path: where below `root`.
    """

    name: str
    engine: str
    root: Path
    path: str

    @property
    def folder(self) -> Path:
        """Where its Chart.yaml or kustomization.yaml is."""
        return self.root / self.path


def fetched(folder: Path) -> Path:
    """Shallow clones of all the repositories, made by git."""
    for name in sorted({*CHARTS, *BASES, *_FOR_DEPENDENCIES}):
        clone = ["git", "clone", "--quiet", "--depth=1", f"{ADDRESS}{name}", str(folder / name)]
        subprocess.run(clone, check=True)
    return folder


def units_of(clones: Path) -> list[PublicUnit]:
    """The charts and kustomizations of the clones that are there, by name."""
    charts = [unit for name, below in CHARTS.items() for unit in _charts(clones, name, below)]
    bases = [unit for name, below in BASES.items() for unit in _bases(clones, name, below)]
    return sorted([*charts, *bases], key=lambda unit: unit.name)


def _charts(clones: Path, repository: str, below: tuple[str, ...]) -> Iterator[PublicUnit]:
    for folder in (clones / repository / place for place in below):
        files = sorted(folder.rglob("Chart.yaml"))
        inside = {file for file in files for above in files if above.parent in file.parent.parents}
        for file in files:
            if file not in inside and _mapping(file).get("type") != "library":
                name = f"{repository}/{file.parent.relative_to(clones / repository)}"
                yield PublicUnit(name, "helm", file.parent, ".")


def _bases(clones: Path, repository: str, below: tuple[str, ...]) -> Iterator[PublicUnit]:
    for folder in (clones / repository / place for place in below):
        found = {file.parent.resolve(): _mapping(file) for file in sorted(folder.rglob("kustomization.y*ml"))}
        parts = {part for place, declared in found.items() for part in _parts(place, declared)}
        for place, declared in found.items():
            # What another one is made of cannot always be applied by itself.
            if place not in parts and declared.get("kind") != "Component":
                path = str(place.relative_to(folder.resolve()))
                name = str(Path(repository) / folder.relative_to(clones / repository) / path)
                yield PublicUnit(name, "kustomize", folder, path)


def _parts(place: Path, declared: Mapping[str, Any]) -> Iterator[Path]:
    """The folders that a kustomization is made of."""
    for key in ("resources", "bases", "components"):
        yield from ((place / str(name)).resolve() for name in declared.get(key) or ())


def vendored(chart: Path, clones: Path) -> list[str]:
    """Put what a chart depends on into its charts/, from the clones; the names of what is not in them.

    A dependency that cannot be had and is off by default is taken out of Chart.yaml: helm wants it all the same.
    """
    declared = _mapping(chart / "Chart.yaml")
    missing = [each for each in declared.get("dependencies") or () if not _is_had(chart, each, clones)]
    off = [each for each in missing if not _is_on(each.get("condition"), _mapping(chart / "values.yaml"))]
    if off:
        kept = [each for each in declared["dependencies"] if each not in off]
        (chart / "Chart.yaml").write_text(yaml.safe_dump({**declared, "dependencies": kept}))
    return [str(each["name"]) for each in missing if each not in off]


def _is_had(chart: Path, dependency: Mapping[str, Any], clones: Path) -> bool:
    name, place = dependency["name"], str(dependency.get("repository") or "")
    if list(chart.glob(f"charts/{name}*")):
        return True
    found = next((file.parent for file in sorted(clones.glob(f"*/*/charts/{name}/Chart.yaml"))), None)
    if found is None:
        return False
    shutil.copytree(found, chart / "charts" / name)
    if place.startswith("file://"):
        _name_no_path(chart, name)
    return not vendored(chart / "charts" / name, clones)


def _name_no_path(chart: Path, name: str) -> None:
    declared = _mapping(chart / "Chart.yaml")
    found = [{**each, "repository": ""} if each["name"] == name else each for each in declared["dependencies"]]
    (chart / "Chart.yaml").write_text(yaml.safe_dump({**declared, "dependencies": found}))


def _is_on(condition: str | None, values: Mapping[str, Any]) -> bool:
    found: Any = values
    for part in str(condition or "").split("."):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found is not False if condition else True


def _mapping(file: Path) -> dict[str, Any]:
    found = document(file.read_text())
    return found if isinstance(found, dict) else {}
