"""A real API server that is killed during plan, apply and rollback: nothing is lost, no good release rejected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tasks.domain.errors import FlowmartError
from tasks.promotion import operations, recovery
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime, compose
from tests.faults import promoting
from tests.faults.promoting import Promotion
from tests.peers.tools import tool
from tests.platforms.kustomizations import config_map, deployment
from tests.platforms.mini import MiniPlatform
from tests.servers.clusters import GivenCluster
from tests.servers.control_planes import AuditedPlane, Request

NAMESPACE = "shop"
PLATFORM = {
    "platform": "flowmart",
    "environments": {"dev": {"cluster": {"plan": "dev-admin", "apply": "dev-admin"}}},
    "units": {
        "settings": {"engine": "kustomize", "source": "settings", "environments": ["dev"], "time_limit": "60s"},
        "cart": {
            "engine": "helm",
            "source": "cart",
            "environments": ["dev"],
            "needs": ["settings"],
            "time_limit": "60s",
            "inputs": {"namespace": NAMESPACE},
        },
    },
}
Moment = Callable[[Request], bool]


def asked(resource: str, name: str, *, rehearsed: bool) -> Moment:
    """The moment at which somebody writes that object, or would."""

    def is_now(request: Request) -> bool:
        what = request["objectRef"]
        same = (what.get("namespace"), what["resource"]) == (NAMESPACE, resource)
        # What is created has no name in its address.
        return same and what.get("name", name) == name and ("dryRun=" in request["requestURI"]) is rehearsed

    return is_now


def revision(number: int) -> Moment:
    """The moment at which helm writes down that revision of the cart."""
    return asked("secrets", f"sh.helm.release.v1.cart.v{number}", rehearsed=False)


FORWARD = {
    "plan of kustomize": asked("configmaps", "two", rehearsed=True),
    "apply of kustomize": asked("configmaps", "two", rehearsed=False),
    "plan of helm": asked("deployments", "cart", rehearsed=True),
    "apply of helm": asked("deployments", "cart", rehearsed=False),
}
BACK = ("rollback of helm", "rollback of kustomize")


class Shop(MiniPlatform):
    """Two units in an empty namespace of a cluster."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.write("platform.yaml", yaml.safe_dump(PLATFORM))
        self.write("settings/kustomization.yaml", f"namespace: {NAMESPACE}\nresources: [all.yaml]\n")
        self.write("cart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 0.1.0\n")
        self.version(1)

    def version(self, number: int, tag: str = "1.0.0") -> str:
        """A release in which every object is another; its id."""
        maps = [config_map(name, version=str(number)) for name in ("one", "two", "three")]
        self.write("settings/all.yaml", "---\n".join(maps))
        self.write("cart/templates/all.yaml", deployment("cart", tag) + f"  minReadySeconds: {number}\n")
        return self.release(f"version {number}").id


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditedPlane]:
    made = AuditedPlane(tmp_path_factory.mktemp("plane"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def cluster(plane: AuditedPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GivenCluster]:
    """It, with an empty namespace for the shop."""
    made = GivenCluster(tmp_path, plane.kubeconfig)
    monkeypatch.setenv("KUBECONFIG", str(made.kubeconfig))
    for name in ("helm", "kubectl"):
        monkeypatch.setenv(f"FLOWMART_{name.upper()}", tool(name))
    made.kubectl("create", "namespace", NAMESPACE)
    yield made
    made.stop()


@pytest.fixture
def shop(cluster: GivenCluster, tmp_path: Path) -> Shop:
    """The shop with its first version."""
    made = Shop(tmp_path / "platform")
    promoted(made, made.version(1))
    return made


def promoted(shop: Shop, release: str) -> Promotion:
    """What promotions of a release come to, until it is verified."""
    return promoting.finish(Promotion(release), compose(shop.settings), run_is_over=True)


def installed(cluster: GivenCluster) -> set[str]:
    """The versions of all objects."""
    maps = [cluster.object("configmap", name, "-n", NAMESPACE)["data"]["version"] for name in ("one", "two", "three")]
    return {*maps, str(cluster.object("deployment", "cart", "-n", NAMESPACE)["spec"]["minReadySeconds"])}


@pytest.mark.parametrize("when", FORWARD)
def test_a_good_release_survives_a_server_that_dies_in_the(
    when: str, shop: Shop, plane: AuditedPlane, cluster: GivenCluster
) -> None:
    good = shop.version(2)
    with plane.killed_at(FORWARD[when]) as killed:
        made = promoted(shop, good)
    assert killed.is_set()
    assert made.wrong == [], made.told
    assert installed(cluster) == {"2"}


@pytest.mark.parametrize("when", BACK)
def test_what_was_good_is_back_after_a_server_that_dies_in_the(
    when: str, shop: Shop, plane: AuditedPlane, cluster: GivenCluster
) -> None:
    good = compose(shop.settings).ledger().state("dev").verified
    bad = shop.version(2, tag="broken-crash")
    moment = revision(3) if when == BACK[0] else after(revision(3), FORWARD["apply of kustomize"])
    with plane.killed_at(moment) as killed:
        attempt(compose(shop.settings), bad)
    assert killed.is_set()
    state = compose(shop.settings).ledger().state("dev")
    assert (state.verified, state.blocked, state.claim) == (good, None, None)
    assert installed(cluster) == {"1"}


def after(first: Moment, then: Moment) -> Moment:
    """The moment after another one."""
    passed: list[Request] = []

    def is_now(request: Request) -> bool:
        if first(request):
            passed.append(request)
        return bool(passed) and then(request)

    return is_now


def attempt(runtime: Runtime, release: str) -> None:
    """Promote a bad release, and recover until nothing is left of it."""
    executor = LocalExecutor(8, runtime.clock)
    with pytest.raises(FlowmartError):
        operations.promote(runtime, executor, release, "dev")
    for _ in range(3):
        if runtime.ledger().state("dev").claim:
            recovery.recover(runtime, executor, "dev", run_is_over=True)
