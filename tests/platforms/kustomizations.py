"""Small kustomize units for tests: releases of a few manifests each, in a namespace of a sandbox cluster."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Environment, Roles, Unit
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.kustomize.engine import Kustomize
from tasks.processes import Processes
from tests.peers.tools import tool
from tests.servers.clusters import Cluster

DEV = Environment("dev", "222222222222", "eu-west-1", Roles("", ""))


@dataclass
class Releases:
    """Releases in a folder, and what is applied of each unit. Everything is done as the cluster's administrator."""

    cluster: Cluster
    folder: Path
    namespace: str
    units: Mapping[str, Unit] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    platform: str = "flowmart"
    names_namespace: bool = True

    def target(self, release: str, unit: str, *manifests: str, **changes: Any) -> Target:
        """A release in which the unit has these manifests; more units may be added to it."""
        source = self.folder / release / "infrastructure" / unit
        source.mkdir(parents=True)
        names = [f"{number}.yaml" for number in range(len(manifests))]
        for name, text in zip(names, manifests, strict=True):
            (source / name).write_text(text)
        namespace = f"namespace: {self.namespace}\n" if self.names_namespace else ""
        (source / "kustomization.yaml").write_text(f"{namespace}resources: [{', '.join(names)}]\n")
        self.units = {**self.units, unit: replace(Unit(unit, "kustomize", unit, ("dev",), time_limit=30), **changes)}
        return Target(release, "dev", unit)

    def workspace(self, target: Target) -> Workspace:
        """Where the unit's engine works for that release."""
        infrastructure = self.folder / target.release / "infrastructure"
        others = [u for n, u in self.units.items() if n != target.unit and (infrastructure / n).exists()]
        return Workspace(
            target=target,
            infrastructure=infrastructure,
            unit=self.units[target.unit],
            environment=DEV,
            unit_digest=f"digest of {target.release}",
            reading=lambda: self.cluster.variables("admin"),
            writing=lambda: self.cluster.variables("admin"),
            processes=Processes(),
            platform=self.platform,
            executable=tool("kubectl"),
            receipt=self.receipts.get(target.unit),
            neighbours=lambda: others,
        )

    def engine(self, target: Target) -> Kustomize:
        """The engine for it."""
        return Kustomize(self.workspace(target))

    def planned(self, target: Target) -> Plan:
        """What applying it would do."""
        return self.engine(target).plan(Inputs())

    def apply(self, plan: Plan) -> Applied:
        """What came of applying it; a success becomes the unit's receipt."""
        applied = self.engine(plan.target).apply(plan)
        if applied.outcome is Outcome.SUCCEEDED:
            receipt = Receipt(
                "1", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, applied.outputs, ""
            )
            self.receipts[plan.target.unit] = receipt
        return applied

    def applied(self, target: Target) -> Receipt:
        """The receipt of an apply that has to succeed."""
        applied = self.apply(self.planned(target))
        assert applied.outcome is Outcome.SUCCEEDED, applied.detail
        return self.receipts[target.unit]

    def rollback(
        self, failed: Target, to: Receipt | Baseline | None, baseline: Baseline | None = None
    ) -> Plan | None:
        """The plan from the failed release back."""
        target = to.target if isinstance(to, Receipt) else failed
        workspace = replace(self.workspace(target), baseline=baseline)
        return Kustomize(workspace).plan_rollback(self.workspace(failed), to)

    def object(self, what: str) -> dict[str, Any]:
        """A live object, "kind/name"."""
        return self.cluster.object(what, "-n", self.namespace)

    def names(self, kind: str) -> list[str]:
        """The names of all objects of a kind, without those that the cluster makes by itself."""
        found = self.cluster.kubectl("get", kind, "-n", self.namespace, "-o", "name").split()
        return sorted(name.partition("/")[2] for name in found if "kube-root-ca" not in name)


def config_map(name: str, **data: str) -> str:
    """The manifest of a ConfigMap."""
    values = "".join(f'  {key}: "{value}"\n' for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n{values or '  a: b'}\n"


def deployment(name: str, tag: str = "1.0.0", more: str = "replicas: 1") -> str:
    """The manifest of a Deployment with one container; the sandbox goes by the image's tag."""
    return (
        "apiVersion: apps/v1\nkind: Deployment\n"
        f"metadata: {{name: {name}}}\n"
        "spec:\n"
        f"  {more}\n"
        f"  selector: {{matchLabels: {{app: {name}}}}}\n"
        "  template:\n"
        f"    metadata: {{labels: {{app: {name}}}}}\n"
        f'    spec: {{containers: [{{name: main, image: "shop/{name}:{tag}", env: [{{name: EMPTY, value: ""}}]}}]}}\n'
    )


def in_own_namespace(cluster: Cluster, folder: Path) -> Releases:
    """Releases in a namespace that nobody else has."""
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", namespace)
    return Releases(cluster, folder, namespace)
