"""The platform's kustomizations: planned, applied, reduced, rolled back and removed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tasks.domain.outcome import Outcome
from tasks.domain.platform import Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.kustomize.engine import Kustomize
from tests.cluster_rights.looking import applied, looked
from tests.peers.tools import tool
from tests.platforms.workspaces import workspace
from tests.servers.clusters import PROJECT, SandboxCluster

ONLY_NAMESPACE = "resources: [../../base/namespace]\n"


@dataclass
class Kustomization:
    """One unit with releases in a folder, and what is applied of it."""

    cluster: SandboxCluster
    folder: Path
    source: str
    receipt: Receipt | None = None

    def release(self, name: str) -> Path:
        """A release with FlowMart's kustomizations as they are; the folder of the unit in it."""
        shutil.copytree(PROJECT / "infrastructure/kubernetes", self.folder / name / "kubernetes")
        return self.folder / name / self.source

    def workspace(self, release: str) -> Workspace:
        """Where the unit is worked on."""
        return workspace(
            self.folder / release,
            Unit("base", "kustomize", self.source, ("dev",), time_limit=120),
            target=Target(release, "dev", "base"),
            unit_digest=release,
            reading=lambda: self.cluster.variables("plan"),
            writing=lambda: self.cluster.variables("apply"),
            executable=tool("kubectl"),
            receipt=self.receipt,
        )

    def promote(self, release: str) -> None:
        """Plan, apply, and look."""
        engine = Kustomize(self.workspace(release))
        plan = engine.plan(Inputs())
        self.receipt = applied(plan, engine)
        looked(Kustomize(self.workspace(release)), plan, self.receipt)


def overlay(cluster: SandboxCluster, folder: Path) -> None:
    """The namespace and all that is in it; reduced to the namespace, and back."""
    unit = Kustomization(cluster, folder, "kubernetes/overlays/production")
    unit.release("a")
    (unit.release("b") / "kustomization.yaml").write_text(ONLY_NAMESPACE)
    for release in ("a", "b", "a"):
        unit.promote(release)
    assert Kustomize(unit.workspace("a")).plan_rollback(unit.workspace("b"), unit.receipt) is not None


def monitoring(cluster: SandboxCluster, folder: Path) -> None:
    """What is scraped, the rules, the routes and the dashboard; and without them."""
    unit = Kustomization(cluster, folder, "kubernetes/monitoring/production")
    unit.release("a")
    unit.promote("a")
    engine = Kustomize(unit.workspace("a"))
    plan = engine.plan_rollback(unit.workspace("a"), None)
    assert plan is not None
    assert engine.apply(plan).outcome is Outcome.SUCCEEDED
