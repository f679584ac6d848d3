"""Records which rights FlowMart's two identities use in a cluster.

python -m tests.cluster_rights    # a few minutes; writes tests/golden/used_rights.json

On a cluster of the sandbox the platform's overlay and charts are planned, applied, checked, upgraded, broken, rolled
back and removed, with helm 3 and 4, by the accounts that plan and apply. A test holds the access rules to
what was recorded: they give no less, and no more.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deployments.sandbox import kubernetes
from tasks.checks import running
from tasks.checks.running import Surroundings
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Check, Unit
from tasks.domain.release import Inputs, Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.kustomize.engine import Kustomize
from tasks.processes import Processes
from tests.peers.tools import tool
from tests.platforms.helm_shop import BETTER, CRASHES, DEV, GOOD, Shop
from tests.servers import clusters
from tests.servers.clusters import PROJECT, SandboxCluster

RECORDED = Path(__file__).parent / "golden/used_rights.json"
USERS = {kubernetes.PLAN: "plan", kubernetes.DEPLOYER: "apply"}
NAMESPACES = ("flowmart", "flowmart-logging")

ONLY_NAMESPACE = "resources: [../../base/namespace]\n"
HOOK = """
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
spec:
  template:
    spec:
      restartPolicy: Never
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: migrate
          image: shop/migrate:{{ .Values.tag }}
          resources: {limits: {memory: 16Mi, cpu: 10m}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
CRASHING = """
apiVersion: apps/v1
kind: KIND
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  STRATEGY: {rollingUpdate: {maxUnavailable: 100%}}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: main
          image: shop/cart:broken-crash
          resources: {limits: {memory: 16Mi, cpu: 10m}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
"""Good enough for helm 3, which counts what may be unavailable; never ready."""


def main() -> None:
    """Record, and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = SandboxCluster(Path(folder))
        try:
            clusters.grant_access(cluster)
            _overlay(cluster, Path(folder) / "overlay")
            for helm in ("helm3", "helm"):
                _charts(cluster, Path(folder) / helm, helm)
        finally:
            cluster.stop()
        RECORDED.write_text(text((cluster.state / "dev/used_rights").read_text().splitlines()))


def text(lines: Iterable[str]) -> str:
    """What was used, as the file has it: {account: {place: {"group/resource": its verbs}}}."""
    found: dict[str, dict[str, dict[str, set[str]]]] = {}
    for user, verb, group, resource, namespace, name in map(json.loads, lines):
        if user in USERS and (namespace in NAMESPACES or not namespace):
            place = namespace or name or "cluster"
            about = found.setdefault(USERS[user], {}).setdefault(place, {})
            about.setdefault(f"{group}/{resource}", set()).add(verb)
    return json.dumps(found, indent=1, sort_keys=True, default=sorted) + "\n"


def _overlay(cluster: SandboxCluster, folder: Path) -> None:
    """The namespace and all that is in it, applied by kustomize; reduced to the namespace, and back."""
    receipt: Receipt | None = None
    for release in ("a", "b"):
        shutil.copytree(PROJECT / "infrastructure/kubernetes", folder / release / "kubernetes")
    (folder / "b/kubernetes/overlays/production/kustomization.yaml").write_text(ONLY_NAMESPACE)

    def workspace(release: str) -> Workspace:
        return Workspace(
            target=Target(release, "dev", "base"),
            infrastructure=folder / release,
            unit=Unit("base", "kustomize", "kubernetes/overlays/production", ("dev",), time_limit=120),
            environment=DEV,
            unit_digest=release,
            reading=lambda: cluster.variables("plan"),
            writing=lambda: cluster.variables("apply"),
            processes=Processes(),
            platform="flowmart",
            executable=tool("kubectl"),
            receipt=receipt,
        )

    for release in ("a", "b", "a"):
        engine = Kustomize(workspace(release))
        plan = engine.plan(Inputs())
        receipt = _receipt(plan, engine)
        _looked(Kustomize(workspace(release)), plan, receipt)
    rollback = Kustomize(workspace("a")).plan_rollback(workspace("b"), receipt)
    assert rollback is not None


def _charts(cluster: SandboxCluster, folder: Path, helm: str) -> None:
    shop = Shop(cluster, folder, helm, "storefront")
    shop.chart, shop.time_limit = "storefront", 120.0
    target = shop.release("a")
    every = {"autoscaling": {"enabled": True, "min": 2, "max": 3}}
    first = _installed(shop, target, GOOD, **every)
    _checked(cluster, "rollout", workload="deployment/storefront")
    _checked(cluster, "endpoints", service="storefront")
    _checked(cluster, "service-http", service="storefront", path="/health/ready")
    _checked(cluster, "helm-test", helm=helm, release="storefront")
    _installed(shop, target, BETTER, ingress={"enabled": False}, autoscaling={"enabled": False})
    shop.time_limit = 20.0
    broken = shop.engine(target).apply(_planned(shop, target, CRASHES, **every))
    assert broken.outcome is Outcome.FAILED
    shop.time_limit = 120.0
    assert shop.apply(shop.rollback(target, first)).outcome is Outcome.SUCCEEDED
    assert shop.apply(shop.rollback(target, None)).outcome is Outcome.SUCCEEDED
    hook = Shop(cluster, folder / "hook", helm, "hook")
    plan = hook.planned(hook.own_chart("a", hook=HOOK), tag="1")
    assert hook.apply(plan).outcome is Outcome.SUCCEEDED
    hook.time_limit = 15.0
    assert hook.apply(hook.planned(plan.target, tag="broken-crash")).outcome is Outcome.FAILED
    assert hook.apply(hook.rollback(plan.target, None)).outcome is Outcome.SUCCEEDED
    _shipper(cluster, folder / "shipper", helm)
    _crashing(cluster, folder / "deployment", helm, "flowmart", "Deployment", "strategy")
    _crashing(cluster, folder / "daemon-set", helm, "flowmart-logging", "DaemonSet", "updateStrategy")


def _crashing(cluster: SandboxCluster, folder: Path, helm: str, namespace: str, kind: str, strategy: str) -> None:
    """What does not get ready is looked into: by who applies once helm is content, by who plans when it is not."""
    shop = Shop(cluster, folder, helm, "crashing")
    shop.namespace = namespace
    target = shop.own_chart("a", workload=CRASHING.replace("KIND", kind).replace("STRATEGY", strategy))
    plan = shop.planned(target)
    shop.time_limit = 15.0
    assert shop.apply(plan).outcome is Outcome.FAILED
    shop.removed()


def _shipper(cluster: SandboxCluster, folder: Path, helm: str) -> None:
    shop = Shop(cluster, folder, helm, "log-shipper")
    shop.chart, shop.namespace, shop.time_limit = "log-shipper", "flowmart-logging", 120.0
    target = shop.release("a")
    plan = shop.planned(target)
    receipt = shop.receipt(plan, shop.apply(plan))
    _looked(shop.engine(target), plan, receipt)
    _checked(cluster, "rollout", namespace="flowmart-logging", workload="daemonset/log-shipper")
    assert shop.apply(shop.rollback(target, None)).outcome is Outcome.SUCCEEDED


def _planned(shop: Shop, target: Target, tag: str, **service: Any) -> Plan:
    return shop.planned(target, service={"image": {"tag": tag}, **service})


def _installed(shop: Shop, target: Target, tag: str, **service: Any) -> Receipt:
    plan = _planned(shop, target, tag, **service)
    receipt = shop.receipt(plan, shop.apply(plan))
    _looked(shop.engine(target), plan, receipt)
    return receipt


def _receipt(plan: Plan, engine: Any) -> Receipt:
    applied = engine.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    return Receipt("1", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, applied.outputs, "")


def _looked(engine: Any, plan: Plan, receipt: Receipt) -> None:
    """All that an engine reads."""
    engine.adopt()
    assert engine.verify().outcome is Outcome.SUCCEEDED
    assert engine.detect_drift(receipt).changes == ()
    engine.settle(receipt)
    engine.observe(plan)


def _checked(
    cluster: SandboxCluster, kind: str, namespace: str = "flowmart", helm: str = "helm", **options: Any
) -> None:
    around = Surroundings(
        client=lambda _: None,
        outputs={},
        folder=Path(),
        variables=cluster.variables("plan"),
        writing=lambda: cluster.variables("apply"),
        helm=lambda: tool(helm),
    )
    options = {"namespace": namespace, **options}
    result = running.run(Check("it", kind, options, within=60, every=0.5), around)
    assert result.outcome is Outcome.SUCCEEDED, result


if __name__ == "__main__":
    main()
