"""The sandbox's Prometheus decides: real windows of a real server, over what the sandbox's pods say of themselves."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deployments import processes, sandbox
from deployments.sandbox import Sandbox
from deployments.sandbox.layout import SandboxLayout
from deployments.sandbox.parts import PROMETHEUS
from tasks.domain.errors import PromotionPaused, RolledBack
from tasks.promotion import operations, pauses
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime, compose
from tasks.settings import Settings
from tests.faults import platform as faults
from tests.platforms.mini import MiniPlatform
from tests.servers import sandboxes

PLATFORM = """
platform: flowmart
trusted: ["arn:aws:iam::111111111111:root"]
monitoring:
  prometheus: {url: "https://prometheus.flowmart.example"}
environments:
  dev:
    account: "222222222222"
    region: eu-west-1
    cluster: {plan: dev-plan, apply: dev-apply}
units:
  cart:
    engine: kustomize
    source: cart
    environments: [dev]
    time_limit: 2m
    checks:
      - {name: rollout, kind: rollout, namespace: flowmart, workload: deployment/cart, within: 30s, every: 1s}
    analysis:
      for: 24s
      window: 24s
      lag: 3s
      metrics:
        - name: errors
          bad: sum(increase(http_requests_total{namespace="flowmart",code=~"5.."}[{window}]))
          total: sum(increase(http_requests_total{namespace="METERED"}[{window}]))
          at_most: 1%
          fail_above: 5%
          min_events: 20
          tolerate: 0
"""
OBJECTS = """
apiVersion: v1
kind: Namespace
metadata: {name: flowmart}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: flowmart}
spec:
  replicas: 1
  selector: {matchLabels: {app: cart}}
  template:
    metadata:
      labels: {app: cart}
    spec:
      containers:
        - name: cart
          image: registry.flowmart.example/cart:TAG
          ports: [{name: http, containerPort: 8080}]
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
            runAsNonRoot: true
            seccompProfile: {type: RuntimeDefault}
"""


class Metered(MiniPlatform):
    """A deployment whose requests decide."""

    def __init__(self, folder: Path, box: Sandbox, project: Path) -> None:
        super().__init__(folder)
        self.box, self.project = box, project
        self.settings = Settings(
            repository=self.repository,
            store=str(folder / "store"),
            actor="tester",
            prometheus=box.variables["FLOWMART_PROMETHEUS"],
        )
        self.write("cart/kustomization.yaml", "resources: [objects.yaml]\n")

    def promote(self, tag: str, measured: str = "flowmart") -> str:
        """Promote a release with this image, whose analysis asks for this namespace."""
        self.write("platform.yaml", PLATFORM.replace("METERED", measured))
        self.write("cart/objects.yaml", OBJECTS.replace("TAG", tag))
        release = self.release(tag).id
        runtime = self.runtime
        operations.promote(runtime, LocalExecutor(8, runtime.clock), release, "dev")
        return release

    @property
    def runtime(self) -> Runtime:
        return compose(self.settings)

    @property
    def verified(self) -> str | None:
        return self.runtime.ledger().state("dev").verified

    def kill_prometheus(self) -> None:
        found = processes.find(SandboxLayout(self.box.root), PROMETHEUS)
        assert found is not None
        os.kill(found.pid, signal.SIGKILL)
        psutil.Process(found.pid).wait(30)

    def start_prometheus(self) -> None:
        wanted = {"prefect": False, "opensearch": False}
        sandbox.up(self.box.root, sandboxes.silent, infrastructure=self.project / "infrastructure", **wanted)


@pytest.fixture(scope="module")
def metered(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Metered]:
    with (
        sandboxes.started(project / "infrastructure", prefect=False, prometheus=True) as box,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in faults.straight(box).items():
            patch.setenv(name, value)
        yield Metered(tmp_path_factory.mktemp("metered"), box, project)


def test_a_release_whose_requests_succeed_is_verified(metered: Metered) -> None:
    assert metered.promote("1.0.0") == metered.verified


def test_a_release_that_starts_and_fails_one_request_in_twelve_is_rolled_back(metered: Metered) -> None:
    good = metered.verified
    with pytest.raises(RolledBack) as raised:
        metered.promote("broken-errors-1.1.0")
    assert "dev/cart: analysis failed" in str(raised.value)
    assert "is bad, above 0.05" in str(raised.value)
    assert metered.verified == good


def test_a_prometheus_that_is_killed_in_the_middle_does_not_change_the_verdict(metered: Metered) -> None:
    def outage() -> None:
        while not metered.runtime.ledger().state("dev").attempt.applied_at:
            time.sleep(0.5)
        metered.kill_prometheus()
        metered.start_prometheus()

    away = threading.Thread(target=outage)
    away.start()
    release = metered.promote("1.2.0")
    away.join()
    assert release == metered.verified


def test_a_pause_outlives_the_prometheus_and_ends_by_a_person(metered: Metered) -> None:
    with pytest.raises(PromotionPaused, match="no data"):
        metered.promote("1.3.0", measured="elsewhere")
    metered.kill_prometheus()
    metered.start_prometheus()
    runtime = metered.runtime
    paused = pauses.paused_in(runtime, "dev")
    assert paused is not None
    assert not paused.doubtful
    operations.resume(runtime, LocalExecutor(8, runtime.clock), "dev", "nobody measures elsewhere")
    assert metered.verified == paused.release
    kinds = [entry.kind for entry in metered.runtime.ledger().entries("dev")][-4:]
    assert kinds.count("continued") == 1
