"""A promotion of terraform, kustomize and helm units together: one DAG, one way back."""

from __future__ import annotations

import json
import shutil
import time

import pytest

from flows.drift import drift
from flows.promote import promote
from tasks.domain.errors import RolledBack
from tasks.ledger.history import History
from tests.flows.test_promote import colours, kinds
from tests.platforms.mini import PLATFORM, MiniPlatform
from tests.servers.clusters import PROJECT, SandboxCluster

UNITS = """
  base:
    engine: kustomize
    source: kubernetes/overlays/{environment}
    environments: [dev]
  cart:
    engine: helm
    source: helm-charts/cart
    environments: [dev]
    needs: [base, first]
    time_limit: 60s
    inputs:
      namespace: flowmart
      values: {service: {env: {COLOUR: "{first.colour}"}}}
    checks:
      - {name: rollout, kind: rollout, namespace: flowmart, workload: deployment/cart, within: 5s}
      - {name: endpoints, kind: endpoints, namespace: flowmart, service: cart, within: 5s}
      - {name: answers, kind: service-http, namespace: flowmart, service: cart, path: /health/ready, within: 5s}
"""


@pytest.fixture
def shop(mini: MiniPlatform, cluster: SandboxCluster) -> MiniPlatform:
    """The small platform with a cluster in dev, and one service on it."""
    in_cluster = "  dev: {cluster: {plan: dev-plan, apply: dev-apply}, "
    mini.write("platform.yaml", PLATFORM.replace("  dev: {", in_cluster) + UNITS)
    for folder in ("helm-charts", "kubernetes"):
        shutil.copytree(PROJECT / "infrastructure" / folder, mini.repository / "infrastructure" / folder)
    return mini


def tag(mini: MiniPlatform, name: str) -> None:
    """Give the service another image."""
    file = mini.repository / "infrastructure/helm-charts/cart/values/dev.yaml"
    file.write_text(f"service:\n  replicas: 1\n  image:\n    tag: {name}\n")


def settings(cluster: SandboxCluster) -> dict[str, str]:
    container = cluster.object("deployment", "cart", "-n", "flowmart")["spec"]["template"]["spec"]["containers"][0]
    found = {each["name"]: each["value"] for each in container["env"]}
    return {"colour": found["COLOUR"], "tag": container["image"].rpartition(":")[2]}


def test_an_output_of_terraform_reaches_the_service(
    shop: MiniPlatform, cluster: SandboxCluster, history: History
) -> None:
    tag(shop, "1.0.0")
    promote(shop.release().id, "dev")
    assert settings(cluster) == {"colour": "blue", "tag": "1.0.0"}
    shop.paint("dev", "green")
    promote(shop.release().id, "dev")
    assert settings(cluster) == {"colour": "green", "tag": "1.0.0"}
    assert kinds(history, "dev", "applied").count("applied base") == 1


def test_an_image_that_crashes_takes_terraform_and_helm_back_together(
    shop: MiniPlatform, cluster: SandboxCluster, history: History
) -> None:
    tag(shop, "1.0.0")
    good = shop.release("good")
    began = time.monotonic()
    promote(good.id, "dev")
    # Over soon, but not before a busy machine has got as far as to wait.
    limit = max(10, round(time.monotonic() - began))
    shop.paint("dev", "green")
    tag(shop, "broken-crash")
    platform = shop.repository / "infrastructure/platform.yaml"
    platform.write_text(platform.read_text().replace("time_limit: 60s", f"time_limit: {limit}s"))
    with pytest.raises(RolledBack, match=r"(CrashLoopBackOff|Error) \(exit code 1"):
        promote(shop.release("bad").id, "dev")
    assert kinds(history, "dev", "rolled_back")[0] == "rolled_back cart"
    assert settings(cluster) == {"colour": "blue", "tag": "1.0.0"}
    assert colours(shop, "dev") == {"first": "blue", "second": "blue"}
    assert history.state("dev").verified == good.id


def test_what_was_scaled_by_hand_is_found_and_put_right(shop: MiniPlatform, cluster: SandboxCluster) -> None:
    tag(shop, "1.0.0")
    promote(shop.release().id, "dev")
    cluster.kubectl("scale", "deployment/cart", "--replicas=3", "-n", "flowmart")
    found = drift("dev")
    assert "spec.replicas: 1 -> 3" in json.dumps([vars(item) for item in found.drifted], default=str)
    assert drift("dev", repair=True).drifted == ()
    assert cluster.object("deployment", "cart", "-n", "flowmart")["spec"]["replicas"] == 1
