"""FlowMart's own chart, promoted by FlowMart's own engine on a sandbox cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action
from tests.platforms.helm_shop import Shop, prepared
from tests.servers.clusters import Cluster

NEEDED = {"image": {"digest": f"sha256:{'a' * 64}"}, "store": {"address": "s3://shop-store"}}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    cluster: Cluster = prepared(tmp_path)
    for name, key in (("flowmart-prefect", "auth"), ("flowmart-database", "url")):
        cluster.kubectl("create", "secret", "generic", name, "-n", "flowmart", f"--from-literal={key}=x")
    made = Shop(cluster, tmp_path, "helm", "delivery")
    made.chart = "flowmart"
    yield made
    cluster.stop()


def replicas(shop: Shop) -> int:
    return int(shop.cluster.object("deployment", "delivery-worker", "-n", "flowmart")["spec"]["replicas"])


def test_the_chart_is_promoted_and_rolled_back(shop: Shop) -> None:
    first = shop.planned(shop.release("one"), **NEEDED)
    assert {each.action for each in first.changes} == {Action.CREATE}
    receipt = shop.receipt(first, shop.apply(first))
    assert shop.drift(receipt).changes == ()
    assert replicas(shop) == 2
    second = shop.planned(shop.release("two"), **NEEDED, workers={"replicas": 3})
    assert [each.address.rpartition("/")[2] for each in second.changes] == ["delivery-worker"]
    assert shop.apply(second).outcome is Outcome.SUCCEEDED
    assert replicas(shop) == 3
    back = shop.rollback(second.target, receipt)
    assert shop.apply(back).outcome is Outcome.SUCCEEDED
    assert replicas(shop) == 2
