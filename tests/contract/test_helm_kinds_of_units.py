"""Helm units of one platform, of which one brings the kinds that the other has objects of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.domain.errors import Refused
from tasks.promotion import operations
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import compose
from tests.contract.test_helm_charts import DEFINITION, RESOURCE, of
from tests.peers.tools import tool
from tests.platforms.mini import MiniPlatform
from tests.servers.clusters import SandboxCluster

PLATFORM = """
platform: flowmart
environments:
  dev: {cluster: {plan: dev-admin, apply: dev-admin}}
units:
  operator: {engine: helm, source: operator, environments: [dev], inputs: {namespace: shop}}
  caches:
    engine: helm
    source: caches
    environments: [dev]
    needs: NEEDS
    inputs: {namespace: shop}
"""
CHART = "apiVersion: v2\nname: NAME\nversion: 1.0.0\n"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxCluster]:
    made = SandboxCluster(tmp_path)
    made.kubectl("create", "namespace", "shop")
    for name, value in {"KUBECONFIG": str(made.kubeconfig), "FLOWMART_HELM": tool("helm")}.items():
        monkeypatch.setenv(name, value)
    yield made
    made.stop()


def promoted(folder: Path, needs: str) -> None:
    mini = MiniPlatform(folder)
    mini.write("platform.yaml", PLATFORM.replace("NEEDS", needs))
    for name, template in {"operator": DEFINITION, "caches": RESOURCE}.items():
        mini.write(f"{name}/Chart.yaml", CHART.replace("NAME", name))
        mini.write(f"{name}/templates/one.yaml", of("shop.example", template))
    runtime = compose(mini.settings)
    operations.promote(runtime, LocalExecutor(2, runtime.clock), mini.release().id, "dev")


def test_a_unit_is_planned_once_the_one_that_it_needs_has_brought_its_kinds(
    tmp_path: Path, cluster: SandboxCluster
) -> None:
    promoted(tmp_path, "[operator]")
    assert cluster.object("caches.shop.example", "caches", "-n", "shop")["spec"] == {"size": 1}


def test_a_unit_that_needs_none_is_refused_before_anything_is_applied(
    tmp_path: Path, cluster: SandboxCluster
) -> None:
    with pytest.raises(Refused, match=r"knows no shop\.example/v1/Cache; install what defines it first"):
        promoted(tmp_path, "[]")
    assert cluster.object("secrets", "-n", "shop")["items"] == []
