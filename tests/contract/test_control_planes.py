"""The sandbox on a real control plane: promotions go through, bad images are caught, a killed one leaves nothing."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import yaml

from deployments.sandbox import control_planes
from tasks.domain.errors import RolledBack
from tasks.promotion import operations
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import compose
from tests.peers.tools import tool
from tests.platforms.mini import MiniPlatform
from tests.servers.clusters import PROJECT, SandboxCluster, grant_access

CHECKS = [
    {"name": "rollout", "kind": "rollout", "namespace": "flowmart", "workload": "deployment/cart", "within": "20s"},
    {"name": "endpoints", "kind": "endpoints", "namespace": "flowmart", "service": "cart", "within": "20s"},
    {"name": "answers", "kind": "service-http", "namespace": "flowmart", "service": "cart", "path": "/health/ready"},
]
PLATFORM = {
    "platform": "flowmart",
    "environments": {"dev": {"cluster": {"plan": "dev-plan", "apply": "dev-apply"}}},
    "units": {
        "base": {"engine": "kustomize", "source": "kubernetes/overlays/{environment}", "environments": ["dev"]},
        "cart": {
            "engine": "helm",
            "source": "helm-charts/cart",
            "environments": ["dev"],
            "needs": ["base"],
            "time_limit": "60s",
            "inputs": {"namespace": "flowmart"},
            "checks": CHECKS,
        },
    },
}


class RealCluster(SandboxCluster):
    """One whose process starts a control plane."""

    command = staticmethod(control_planes.command)

    @property
    def targets(self) -> str:
        """Where its process says what is to be scraped."""
        return f"https://127.0.0.1:{self._port}/targets/dev"

    @property
    def server(self) -> tuple[str, int]:
        """Where its API is."""
        found = urlsplit(json.loads(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"])
        return found.hostname or "", found.port or 0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    made = RealCluster(tmp_path_factory.mktemp("sandbox"))
    grant_access(made)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shop(cluster: RealCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniPlatform]:
    """FlowMart's cart on it, promoted by identities with the rights that the documentation gives them."""
    made = MiniPlatform(tmp_path_factory.mktemp("platform"))
    made.write("platform.yaml", yaml.safe_dump(PLATFORM))
    for folder in ("helm-charts", "kubernetes"):
        shutil.copytree(PROJECT / "infrastructure" / folder, made.repository / "infrastructure" / folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(cluster.kubeconfig))
        for name in ("helm", "kubectl"):
            patch.setenv(f"FLOWMART_{name.upper()}", tool(name))
        promote(made, "1.0.0")
        yield made


def promote(shop: MiniPlatform, tag: str) -> str:
    """Promote a release with that image; its id."""
    values = "service:\n  replicas: 1\n  image:\n    tag: " + tag + "\n"
    shop.write("helm-charts/cart/values/dev.yaml", values)
    release, runtime = shop.release(tag).id, compose(shop.settings)
    operations.promote(runtime, LocalExecutor(4, runtime.clock), release, "dev")
    return release


def image(cluster: RealCluster) -> str:
    spec = cluster.object("deployment", "cart", "-n", "flowmart")["spec"]["template"]["spec"]
    return str(spec["containers"][0]["image"].rpartition(":")[2])


def answered(cluster: RealCluster, path: str) -> str:
    """What the cart answers through the API."""
    return cluster.kubectl("get", "--raw", f"/api/v1/namespaces/flowmart/services/cart:http/proxy/{path}")


def test_a_pod_answers_and_has_a_log(shop: MiniPlatform, cluster: RealCluster) -> None:
    assert json.loads(answered(cluster, "health/ready"))["simulated"]
    assert 'http_requests_total{code="200"}' in answered(cluster, "metrics")
    assert "starting" in cluster.kubectl("logs", "deployment/cart", "-n", "flowmart")


def test_prometheus_is_told_of_every_pod(shop: MiniPlatform, cluster: RealCluster) -> None:
    token = json.loads((cluster.state / "dev/tokens.json").read_text())["administrator"]
    trusted = ssl.create_default_context(cafile=str(cluster.state / "ca.crt"))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted)
    )
    opener.addheaders = [("Authorization", f"Bearer {token}")]
    (target,) = [
        each for each in json.loads(opener.open(cluster.targets).read()) if each["labels"]["service"] == "cart"
    ]
    path = target["labels"]["__metrics_path__"]
    assert "http_requests_total" in cluster.kubectl("get", "--raw", path)


def test_a_bad_image_is_rolled_back(shop: MiniPlatform, cluster: RealCluster) -> None:
    with pytest.raises(RolledBack):
        promote(shop, "broken-crash-2.0.1")
    assert image(cluster) == "1.0.0"


def test_an_image_that_only_its_metrics_show_to_be_bad_gets_ready(shop: MiniPlatform, cluster: RealCluster) -> None:
    promote(shop, "broken-errors-2.0.0")
    served: dict[str, float] = {}
    while served.get("200", 0) < 100:
        lines = re.findall(r'http_requests_total{code="(\d+)"} (\S+)', answered(cluster, "metrics"))
        served = {code: float(number) for code, number in lines}
    assert 0.05 < served["500"] / (served["200"] + served["500"]) < 0.1
    promote(shop, "1.0.0")


def test_a_killed_sandbox_leaves_no_process_and_loses_nothing(shop: MiniPlatform, cluster: RealCluster) -> None:
    with socket.create_connection(cluster.server) as held:
        held.settimeout(60)
        cluster.kill()
        # Whoever held the other end is gone.
        assert held.recv(1) == b""
    cluster.begin()
    assert image(cluster) == "1.0.0"
    assert json.loads(answered(cluster, "health/ready"))["simulated"]
