"""The monitoring stack and its rules, with the public chart that it depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tasks.domain.outcome import Outcome
from tasks.domain.release import Target
from tests.cluster_rights import charts, kustomizations
from tests.cluster_rights.looking import checked, looked
from tests.platforms import monitored
from tests.platforms.helm_shop import Shop
from tests.public_charts.sources import vendored
from tests.servers.clusters import SandboxCluster

NAMESPACE = "flowmart-monitoring"
STACK = "monitoring-stack"
_REPOSITORY = "prometheus-community/helm-charts"
_LABELLED = {
    "commonLabels": {"flowmart.example/version": "2"},
    "grafana": {"extraLabels": {"flowmart.example/version": "2"}},
    "kube-state-metrics": {"customLabels": {"flowmart.example/version": "2"}},
    "prometheus-node-exporter": {"commonLabels": {"flowmart.example/version": "2"}},
}
"""Values that change every object."""
_WORKLOADS = (
    *("deployment/monitoring-operator", "deployment/grafana", "deployment/kube-state-metrics"),
    "daemonset/node-exporter",
)


def version(clones: Path) -> str:
    """The version of the chart that FlowMart depends on.

    Raises:
        ValueError: the clones have another one.
    """
    wanted = monitored.version()
    file = clones / _REPOSITORY / "charts" / monitored.CHART / "Chart.yaml"
    found = yaml.safe_load(file.read_text())["version"]
    if found != wanted:
        raise ValueError(f"{file} is version {found}; the monitoring stack has {wanted}: check that one out")
    return wanted


def stack(cluster: SandboxCluster, folder: Path, helm: str, clones: Path) -> None:
    """The stack installed, with the rules on it; upgraded, rolled back and removed, and something that crashes."""
    shop = Shop(cluster, folder, helm, STACK)
    shop.chart, shop.namespace, shop.time_limit = STACK, NAMESPACE, 300.0
    target = shop.release("a")
    assert vendored(folder / "a/infrastructure/charts" / STACK, clones) == []
    first = _installed(shop, target)
    for workload in _WORKLOADS:
        checked(cluster, "rollout", NAMESPACE, workload=workload)
    kustomizations.monitoring(cluster, folder / "rules")
    _installed(shop, target, **_LABELLED)
    assert shop.apply(shop.rollback(target, first)).outcome is Outcome.SUCCEEDED
    assert shop.apply(shop.rollback(target, None)).outcome is Outcome.SUCCEEDED
    # Its definitions stay, so its own kinds are rehearsed this time.
    assert shop.planned(target).changes
    charts.crashing(cluster, folder, helm, NAMESPACE, "Deployment", "DaemonSet")


def _installed(shop: Shop, target: Target, **values: Any) -> Any:
    plan = shop.planned(target, **{monitored.CHART: values})
    receipt = shop.receipt(plan, shop.apply(plan))
    looked(shop.engine(target), plan, receipt)
    return receipt
