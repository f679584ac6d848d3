"""A Helm unit in jobs of a real process pool, whose job is killed in the middle of helm's apply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tasks.settings import Settings
from tests.peers.tools import tool
from tests.platforms.mini import MiniPlatform
from tests.servers.clusters import SandboxCluster
from tests.servers.descendants import descendants, has_ended, starter_of
from tests.servers.machines import lost
from tests.servers.team import until
from tests.servers.work_pool import POOL, WorkPool

pytestmark = pytest.mark.faults

PLATFORM = f"""
platform: flowmart
environments:
  dev: {{work_pool: {POOL}, cluster: {{plan: dev-admin, apply: dev-admin}}}}
units:
  cart: {{engine: helm, source: cart, environments: [dev], time_limit: 10m, inputs: {{namespace: shop}}}}
"""
CART = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec:
  replicas: 1
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}, annotations: {colour: COLOUR}}
    spec:
      containers: [{name: main, image: "shop/cart:1.0.0"}]
      volumes: [{name: gate, configMap: {name: gate-COLOUR}}]
"""
"""Its pods are ready once there is a ConfigMap for their colour: helm waits for it in the middle of an apply."""
PATIENCE = 1500.0
WORKERS = ("units-1", "units-2")


class Pool:
    """The pool of a platform with one chart, and the cluster that it is installed in."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.cluster = SandboxCluster(folder)
        stack.callback(self.cluster.stop)
        self.cluster.kubectl("create", "namespace", "shop")
        self.mini, store = MiniPlatform(folder), str(folder / "store")
        self.mini.settings = Settings(repository=self.mini.repository, store=store)
        self.mini.write("platform.yaml", PLATFORM)
        self.mini.write("cart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 1.0.0\n")
        variables = {
            "FLOWMART_STORE": store,
            "FLOWMART_ACTOR": "tester",
            "FLOWMART_PROFILE": "none",
            "FLOWMART_HELM": tool("helm"),
            "KUBECONFIG": str(self.cluster.kubeconfig),
        }
        self.paint("blue")
        self.pool = WorkPool(folder, self.mini.repository, variables)
        stack.callback(self.pool.down)
        machines = [self.pool.worker(name) for name in WORKERS]
        self.workers = [stack.enter_context(each.running("server", "run", "worker")) for each in machines]

    def paint(self, colour: str) -> str:
        """A release in which the chart has this colour; its id."""
        self.mini.write("cart/templates/cart.yaml", CART.replace("COLOUR", colour))
        return self.mini.release(colour).id

    def open(self, colour: str) -> None:
        """Let the pods of a colour become ready."""
        self.cluster.kubectl("create", "configmap", f"gate-{colour}", "-n", "shop")

    def promoted(self, release: str) -> None:
        self.pool.runs.flowmart("promote", release, "--to", "dev")

    def colour(self) -> str:
        found = self.cluster.object("deployments", "-n", "shop")["items"]
        return str(found[0]["spec"]["template"]["metadata"]["annotations"]["colour"]) if found else ""

    def waiting(self, colour: str) -> psutil.Process:
        """The helm that waits for the pods of a colour, as soon as it does."""

        def look() -> psutil.Process | None:
            found = [each for worker in self.workers for each in descendants(worker, "helm", "--wait")]
            return found[0] if found and self.colour() == colour else None

        found: psutil.Process = until(look, f"helm waits for {colour}", PATIENCE)
        return found


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with ExitStack() as stack:
        yield Pool(tmp_path, stack)


def test_helm_that_goes_on_without_its_job_is_observed_to_its_end(pool: Pool) -> None:
    release = pool.paint("blue")
    with pool.pool.runs.running("promote", release, "--to", "dev") as promotion:
        starter_of(pool.waiting("blue")).kill()
        pool.open("blue")
        until(lambda: has_ended(promotion), "the promotion has ended", PATIENCE)
    state = pool.pool.history.state("dev")
    assert (state.claim, state.verified) == (None, release), pool.pool.runs.log


def test_an_upgrade_that_is_killed_with_its_job_is_recovered_elsewhere(pool: Pool) -> None:
    pool.open("blue")
    good = pool.paint("blue")
    pool.promoted(good)
    with pool.pool.runs.running("promote", pool.paint("red"), "--to", "dev") as promotion:
        helm = pool.waiting("red")
        job = starter_of(helm)
        helm.suspend()
        job.kill()
        helm.kill()
        lost(promotion)
    pool.pool.runs.flowmart("recover", "dev", "--run-is-over")
    state = pool.pool.history.state("dev")
    assert (state.claim, state.verified, state.rejected) == (None, good, frozenset()), pool.pool.runs.log
    assert pool.colour() == "blue"
