"""The platform's charts, and some with what they lack: installed, checked, upgraded, broken, rolled back, removed."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tasks.domain.outcome import Outcome
from tasks.domain.plan import Plan
from tasks.domain.release import Receipt, Target
from tests.cluster_rights.looking import checked, looked
from tests.platforms.helm_shop import BETTER, CRASHES, GOOD, MIGRATION, Shop
from tests.servers.clusters import SandboxCluster

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
_STRATEGIES = {"Deployment": "strategy", "DaemonSet": "updateStrategy"}


def services(cluster: SandboxCluster, folder: Path, helm: str) -> None:
    """The charts of services and of the log shipper."""
    shop = Shop(cluster, folder, helm, "storefront")
    shop.chart, shop.time_limit = "storefront", 120.0
    target = shop.release("a")
    every = {"autoscaling": {"enabled": True, "min": 2, "max": 3}}
    first = _installed(shop, target, GOOD, **every)
    checked(cluster, "rollout", workload="deployment/storefront")
    checked(cluster, "endpoints", service="storefront")
    checked(cluster, "service-http", service="storefront", path="/health/ready")
    checked(cluster, "helm-test", helm=helm, release="storefront")
    _installed(shop, target, BETTER, ingress={"enabled": False}, autoscaling={"enabled": False})
    _fails(shop, lambda: _planned(shop, target, CRASHES, **every))
    assert shop.apply(shop.rollback(target, first)).outcome is Outcome.SUCCEEDED
    assert shop.apply(shop.rollback(target, None)).outcome is Outcome.SUCCEEDED
    _hook(cluster, folder / "hook", helm)
    _shipper(cluster, folder / "shipper", helm)
    crashing(cluster, folder, helm, "flowmart", "Deployment")
    crashing(cluster, folder, helm, "flowmart-logging", "DaemonSet")


def _hook(cluster: SandboxCluster, folder: Path, helm: str) -> None:
    shop = Shop(cluster, folder, helm, "hook")
    plan = shop.planned(shop.own_chart("a", hook=MIGRATION), migration="1")
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    _fails(shop, lambda: shop.planned(plan.target, migration=CRASHES))
    assert shop.apply(shop.rollback(plan.target, None)).outcome is Outcome.SUCCEEDED


def crashing(cluster: SandboxCluster, folder: Path, helm: str, namespace: str, *kinds: str) -> None:
    """What does not get ready is looked into: by who applies once helm is content, by who plans when it is not."""
    for kind in kinds:
        shop = Shop(cluster, folder / f"crashing-{kind}", helm, "crashing")
        shop.namespace = namespace
        workload = CRASHING.replace("KIND", kind).replace("STRATEGY", _STRATEGIES[kind])
        target = shop.own_chart("a", workload=workload)
        _fails(shop, partial(shop.planned, target))
        shop.removed()


def _fails(shop: Shop, planned: Callable[[], Plan]) -> None:
    """Plan, and apply what never gets ready, within a time in which a busy machine finds that out."""
    began, limit = time.monotonic(), shop.time_limit
    plan = planned()
    shop.time_limit = max(15.0, 4 * (time.monotonic() - began))
    applied = shop.apply(plan)
    shop.time_limit = limit
    assert applied.outcome is Outcome.FAILED, applied


def _shipper(cluster: SandboxCluster, folder: Path, helm: str) -> None:
    shop = Shop(cluster, folder, helm, "log-shipper")
    shop.chart, shop.namespace, shop.time_limit = "log-shipper", "flowmart-logging", 120.0
    target = shop.release("a")
    plan = shop.planned(target)
    receipt = shop.receipt(plan, shop.apply(plan))
    looked(shop.engine(target), plan, receipt)
    checked(cluster, "rollout", namespace="flowmart-logging", workload="daemonset/log-shipper")
    assert shop.apply(shop.rollback(target, None)).outcome is Outcome.SUCCEEDED


def _planned(shop: Shop, target: Target, tag: str, **service: Any) -> Plan:
    return shop.planned(target, service={"image": {"tag": tag}, **service})


def _installed(shop: Shop, target: Target, tag: str, **service: Any) -> Receipt:
    plan = _planned(shop, target, tag, **service)
    receipt = shop.receipt(plan, shop.apply(plan))
    looked(shop.engine(target), plan, receipt)
    return receipt
