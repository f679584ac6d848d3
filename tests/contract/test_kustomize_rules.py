"""A kustomization's own rules on a cluster: fields left to others, order, and when custom kinds are ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome, Progress
from tests.platforms.kustomizations import Releases, config_map, deployment, in_own_namespace
from tests.servers import clusters
from tests.servers.clusters import Cluster

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: caches.rules.example}
spec:
  group: rules.example
  scope: Namespaced
  names: {kind: Cache, plural: caches, singular: cache, listKind: CacheList}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object,
       x-kubernetes-preserve-unknown-fields: true}}}
"""
CACHE = "apiVersion: rules.example/v1\nkind: Cache\nmetadata: {name: main}\nspec: {size: 1}\n"
RUNNING = {"kind": "Cache", "group": "rules.example", "ready": "object.status.phase == 'Running'"}
SCALED = {"kind": "Deployment", "name": "ca*", "fields": ["spec.replicas"], "reason": "people scale it"}


def job(tag: str = "1.0.0") -> str:
    return (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\n"
        "spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, "
        f'containers: [{{name: main, image: "shop/migrate:{tag}"}}]}}}}}}\n'
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = clusters.started(tmp_path_factory.mktemp("cluster"))
    made.define(DEFINITION)
    yield made
    made.stop()


@pytest.fixture
def shop(cluster: Cluster, tmp_path: Path) -> Releases:
    """Releases in a namespace of the test's own."""
    return in_own_namespace(cluster, tmp_path)


def with_rules(**rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"options": rules}


def test_an_ignored_field_stays_as_others_set_it_and_the_rest_is_promoted(shop: Releases) -> None:
    rules = with_rules(ignore=[SCALED])
    receipt = shop.applied(shop.target("a", "app", deployment("cart"), **rules))
    assert shop.object("deployment/cart")["spec"]["replicas"] == 1
    shop.cluster.kubectl("scale", "deployment/cart", "--replicas=3", "-n", shop.namespace)
    drift = shop.engine(receipt.target).detect_drift(receipt)
    assert drift.changes == ()
    told = "ignores 1 field of 1 object (spec.replicas): people scale it"
    note = f"kustomize.ignore[0] (Deployment/ca*: spec.replicas) {told}"
    assert drift.warnings == (note,)
    assert shop.planned(receipt.target).empty
    target = shop.target("b", "app", deployment("cart", "2.0.0", more="replicas: 2"), **rules)
    plan = shop.planned(target)
    assert note in plan.warnings
    assert "replicas" not in str(plan.changes)
    shop.cluster.kubectl("scale", "deployment/cart", "--replicas=4", "-n", shop.namespace)
    assert shop.planned(target).digest == plan.digest
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    spec = shop.object("deployment/cart")["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (4, "shop/cart:2.0.0")
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED
    back = shop.rollback(target, receipt)
    assert back is not None
    assert shop.apply(back).outcome is Outcome.SUCCEEDED
    assert shop.object("deployment/cart")["spec"]["replicas"] == 4


def test_what_a_manager_owns_is_left_to_it_and_a_rule_without_effect_is_named(shop: Releases) -> None:
    rules = with_rules(
        ignore=[
            {"kind": "ConfigMap", "managed_by": "injector*", "reason": "the injector fills them in"},
            {"kind": "Secret", "fields": ["/data/key"], "reason": "rotated elsewhere"},
        ]
    )
    target = shop.target("a", "app", config_map("one", bundle="empty", ours="1"), **rules)
    shop.applied(target)
    patch = '{"data": {"bundle": "certificates"}}'
    edit = ("patch", "configmap", "one", "-n", shop.namespace, "--type=merge", "-p")
    shop.cluster.kubectl(*edit, patch, "--field-manager=injector-v1")
    plan = shop.planned(target)
    assert plan.changes == ()
    assert [note.partition(" (")[0] for note in plan.warnings] == ["kustomize.ignore[0]", "kustomize.ignore[1]"]
    assert "ignores 1 field of 1 object (data.bundle): the injector fills them in" in plan.warnings[0]
    assert plan.warnings[1].endswith("matches no object of the unit; correct it, or remove it")
    shop.applied(shop.target("b", "app", config_map("one", bundle="empty", ours="2"), **rules))
    assert shop.object("configmap/one")["data"] == {"bundle": "certificates", "ours": "2"}
    shop.cluster.kubectl(*edit, '{"data": {"ours": "3"}}', "--field-manager=somebody")
    receipt = shop.receipts["app"]
    (change,) = shop.engine(receipt.target).detect_drift(receipt).changes
    assert change.attributes == ("data",)


def test_what_comes_behind_waits_until_what_it_comes_behind_is_ready(shop: Releases) -> None:
    rules = with_rules(order=[{"kind": "Job", "name": "migrate", "before": [{"kind": "Deployment"}]}])
    failing = shop.target("a", "app", job("broken-crash"), deployment("cart"), config_map("one"), **rules)
    plan = shop.planned(failing)
    assert plan.warnings == (
        f"wave 2 of 2 begins once Job/{shop.namespace}/migrate are ready: Deployment/{shop.namespace}/cart",
    )
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.FAILED
    assert applied.detail.endswith(f"Done before: ConfigMap/{shop.namespace}/one, Job/{shop.namespace}/migrate")
    assert shop.names("deployment") == []
    shop.cluster.kubectl("delete", "job", "migrate", "-n", shop.namespace)
    good = shop.target("b", "app", job(), deployment("cart"), config_map("one"), **rules)
    shop.applied(good)
    assert shop.engine(good).verify().outcome is Outcome.SUCCEEDED
    shop.applied(shop.target("c", "app", config_map("one"), **rules))
    assert (shop.names("job"), shop.names("deployment")) == ([], [])


def test_a_custom_kind_is_ready_when_its_expression_says_so(shop: Releases) -> None:
    target = shop.target("a", "app", CACHE, time_limit=2, **with_rules(health=[RUNNING]))
    plan = shop.planned(target)
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.FAILED
    assert "object.status.phase == 'Running' cannot be evaluated: no such key: 'status'" in applied.detail
    _set_phase(shop, "Running")
    assert shop.engine(target).observe(plan).progress is Progress.DONE
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED
    receipt = shop.applied(target)
    _set_phase(shop, "Starting")
    verified = shop.engine(target).verify()
    assert (verified.outcome, verified.pending) == (Outcome.FAILED, True)
    assert shop.engine(target).detect_drift(receipt).changes == ()
    assert [change.action for change in shop.planned(target).changes] == []


def _set_phase(shop: Releases, phase: str) -> None:
    patch = f'{{"status": {{"phase": "{phase}"}}}}'
    shop.cluster.kubectl("patch", "caches.rules.example/main", "-n", shop.namespace, "--type=merge", "-p", patch)


def test_fields_are_taken_over_from_the_managers_that_the_unit_names_and_from_no_other(shop: Releases) -> None:
    by_kubectl = ("apply", "-n", shop.namespace, "-f", "-")
    shop.cluster.kubectl(*by_kubectl, input=config_map("app", colour="red", size="1"))
    wanted = config_map("app", colour="blue", size="1")
    with pytest.raises(Refused, match=r"always by kustomize: \{take_over: \[kubectl-client-side-apply\]\}"):
        shop.planned(shop.target("a", "app", wanted))
    taking = {"options": {"take_over": ["kubectl-client-*"]}}
    plan = shop.planned(shop.target("b", "app", wanted, **taking))
    note = f"ConfigMap/{shop.namespace}/app: fields that change are taken over from kubectl-client-side-apply"
    assert note in plan.warnings
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.object("configmap/app")["data"] == {"colour": "blue", "size": "1"}
    assert shop.engine(plan.target).detect_drift(shop.receipts["app"]).empty
    shop.applied(shop.target("c", "app", config_map("app", colour="blue", size="2"), **taking))
    patch = ("patch", "configmap", "app", "-n", shop.namespace, "--type=merge", "--field-manager=somebody")
    shop.cluster.kubectl(*patch, "-p", '{"data": {"size": "3"}}')
    with pytest.raises(Refused, match=r"data.size is owned by another \(conflict with \"somebody\""):
        shop.planned(shop.target("d", "app", config_map("app", colour="blue", size="4"), **taking))
