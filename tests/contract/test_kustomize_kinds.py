"""Kustomizations whose definitions change together with the objects of their kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome
from tests.platforms.kustomizations import Releases, config_map, in_own_namespace
from tests.servers import clusters
from tests.servers.clusters import Cluster

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: caches.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{kind: Cache, plural: caches, singular: cache, listKind: CacheList}}
  versions: [{versions}]
"""
VERSION = (
    "{{name: {name}, served: {served}, storage: {storage}, schema: {{openAPIV3Schema: {{type: object, properties: "
    "{{spec: {{type: object, properties: {{{fields}}}}}}}}}}}}}"
)
POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {NEEDS, containers: [{name: main, image: "shop/web:1.0.0"}]}
"""
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n"
PRIORITY = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: NAME}\nvalue: 5\n"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = clusters.started(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


SLOW = {"time_limit": 100}
"""A real server's garbage collector may take half a minute to learn of a kind, and holds deletions until then."""


@pytest.fixture
def shop(cluster: Cluster, tmp_path: Path) -> Releases:
    """Releases in a namespace of the test's own."""
    return in_own_namespace(cluster, tmp_path)


def definition(
    group: str, served: Sequence[str] = ("v1alpha1",), stored: str = "v1alpha1", fields: str = "size: {type: integer}"
) -> str:
    """A definition of both versions, of which some are served."""
    versions = (
        VERSION.format(
            name=name, served=str(name in served).lower(), storage=str(name == stored).lower(), fields=fields
        )
        for name in ("v1alpha1", "v1")
    )
    return DEFINITION.format(group=group, versions=", ".join(versions))


def cache(group: str, version: str, name: str, spec: str = "{size: 1}") -> str:
    return f"apiVersion: {group}/{version}\nkind: Cache\nmetadata: {{name: {name}}}\nspec: {spec}\n"


@pytest.mark.parametrize("count", [1, 5])
def test_what_a_release_drops_is_gone_even_if_its_version_is_no_longer_served(
    shop: Releases, group: str, count: int
) -> None:
    old = [cache(group, "v1alpha1", f"old-{number}") for number in range(count)]
    both = definition(group, served=("v1alpha1", "v1"))
    shop.applied(shop.target("a", "app", both, cache(group, "v1alpha1", "main"), *old))
    uid = shop.object(f"caches.{group}/main")["metadata"]["uid"]
    newer = definition(group, served=("v1",), stored="v1")
    shop.applied(shop.target("b", "app", newer, cache(group, "v1", "main"), **SLOW))
    assert shop.names(f"caches.{group}") == ["main"]
    assert shop.object(f"caches.{group}/main")["metadata"]["uid"] == uid


@pytest.mark.parametrize("count", [1, 5])
def test_objects_of_a_version_that_is_no_longer_served_are_found(shop: Releases, group: str, count: int) -> None:
    old = [cache(group, "v1alpha1", f"old-{number}") for number in range(count)]
    both = definition(group, served=("v1alpha1", "v1"))
    shop.applied(shop.target("a", "app", config_map("one"), both, *old))
    newer = definition(group, served=("v1",), stored="v1")
    shop.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=newer)
    plan = shop.planned(shop.target("b", "app", newer, config_map("one"), **SLOW))
    removed = [change.address.rpartition("/")[2] for change in plan.changes]
    assert removed == [f"old-{number}" for number in range(count)]
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.names(f"caches.{group}") == []


def test_a_new_object_may_use_a_field_that_its_definition_gains(shop: Releases, group: str) -> None:
    shop.applied(shop.target("a", "app", definition(group)))
    gains = definition(group, fields="size: {type: integer}, depth: {type: integer}")
    plan = shop.planned(shop.target("b", "app", gains, cache(group, "v1alpha1", "deep", "{depth: 2}")))
    assert plan.unknown == (f"Cache.{group}/{shop.namespace}/deep",)
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.object(f"caches.{group}/deep")["spec"] == {"depth": 2}


@pytest.mark.parametrize(
    "spec", ["", "spec: {}", "spec: {group: g.example, scope: Namespaced, versions: []}", "spec: {names: Cache}"]
)
def test_a_definition_that_says_too_little_is_refused_at_plan(shop: Releases, group: str, spec: str) -> None:
    head = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
    target = shop.target("a", "app", f"{head}metadata: {{name: caches.{group}}}\n{spec}\n", config_map("one"))
    with pytest.raises(Refused, match=f"could not rehearse CustomResourceDefinition/caches.{group}"):
        shop.planned(target)


def test_a_version_that_its_definition_does_not_serve_is_refused_at_plan(shop: Releases, group: str) -> None:
    served = definition(group, served=("v1",), stored="v1")
    target = shop.target("a", "app", served, cache(group, "v1alpha1", "main"))
    with pytest.raises(Refused, match=f"its definition in this release serves no .*; use {group}/v1$"):
        shop.planned(target)


def test_a_version_that_its_definition_serves_no_more_is_refused_at_plan(shop: Releases, group: str) -> None:
    both = definition(group, served=("v1alpha1", "v1"))
    shop.applied(shop.target("a", "app", both, cache(group, "v1alpha1", "main")))
    newer = definition(group, served=("v1",), stored="v1")
    with pytest.raises(Refused, match=f"its definition in this release serves no .*; use {group}/v1$"):
        shop.planned(shop.target("b", "app", newer, cache(group, "v1alpha1", "main")))


def test_a_pod_may_come_with_its_service_account(shop: Releases) -> None:
    plan = shop.planned(shop.target("a", "app", ACCOUNT, POD.replace("NEEDS", "serviceAccountName: web")))
    assert plan.unknown == (f"Pod/{shop.namespace}/web",)
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED


def test_a_pod_may_come_with_its_priority_class(shop: Releases) -> None:
    name = shop.namespace
    priority, pod = PRIORITY.replace("NAME", name), POD.replace("NEEDS", f"priorityClassName: {name}")
    plan = shop.planned(shop.target("a", "app", priority, pod))
    assert plan.unknown == (f"Pod/{shop.namespace}/web",)
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED


def test_a_pod_without_its_service_account_is_refused_at_plan(shop: Releases) -> None:
    with pytest.raises(Refused, match='serviceaccount "web" not found'):
        shop.planned(shop.target("a", "app", POD.replace("NEEDS", "serviceAccountName: web"), config_map("web")))
