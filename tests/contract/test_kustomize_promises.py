"""What every engine promises, kept by kustomize on a cluster: identity, adoption, readiness, drift, owners."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.domain.errors import Refused, StalePlan, Unanswered
from tasks.domain.outcome import Outcome, Progress
from tasks.domain.plan import Action, Plan
from tasks.domain.platform import Unit
from tests.platforms.kustomizations import Releases, config_map, deployment, in_own_namespace
from tests.servers import clusters
from tests.servers.clusters import Cluster

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.shop.example}}
spec:
  group: shop.example
  scope: Namespaced
  names: {{kind: {kind}, plural: {plural}, singular: {singular}, listKind: {kind}List}}
  versions:
    - {{name: v1alpha1, served: true, storage: true, schema: &any {{openAPIV3Schema: {{type: object,
       x-kubernetes-preserve-unknown-fields: true}}}}}}
    - {{name: v1, served: true, storage: false, schema: *any}}
"""
TICKETS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: tickets.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {kind: Ticket, plural: tickets, singular: ticket, listKind: TicketList}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object,
       x-kubernetes-preserve-unknown-fields: true}}}
"""
CACHES = DEFINITION.format(kind="Cache", plural="caches", singular="cache")
QUEUES = DEFINITION.format(kind="Queue", plural="queues", singular="queue")
AUTOSCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: cart}
spec:
  minReplicas: 3
  maxReplicas: 5
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}
"""


def custom(kind: str, version: str) -> str:
    return f"apiVersion: shop.example/{version}\nkind: {kind}\nmetadata: {{name: main}}\nspec: {{size: 1}}\n"


def secret(**data: str) -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData: {data}\n"


def actions(plan: Plan) -> list[tuple[str, Action]]:
    return [(change.address.rpartition("/")[2], change.action) for change in plan.changes]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = clusters.started(tmp_path_factory.mktemp("cluster"))
    made.define(CACHES)
    yield made
    made.stop()


@pytest.fixture
def shop(cluster: Cluster, tmp_path: Path) -> Releases:
    """Releases in a namespace of the test's own."""
    return in_own_namespace(cluster, tmp_path)


def test_another_version_of_a_kind_is_the_same_object(shop: Releases) -> None:
    shop.applied(shop.target("a", "app", custom("Cache", "v1alpha1"), config_map("one")))
    uid = shop.object("caches.shop.example/main")["metadata"]["uid"]
    plan = shop.planned(shop.target("b", "app", custom("Cache", "v1"), config_map("one", a="new")))
    assert actions(plan) == [("one", Action.UPDATE)]
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.object("caches.shop.example/main")["metadata"]["uid"] == uid


def test_a_second_kind_of_a_known_group_comes_with_its_first_object(shop: Releases) -> None:
    target = shop.target("a", "app", custom("Cache", "v1"), QUEUES, custom("Queue", "v1"))
    plan = shop.planned(target)
    assert [address.partition("/")[0] for address in plan.unknown] == ["Queue.shop.example"]
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert shop.names("queues.shop.example") == ["main"]


def test_an_object_that_is_being_deleted_is_created_anew_once_it_is_gone(shop: Releases) -> None:
    target = shop.target("a", "app", config_map("one", a="b"))
    shop.applied(target)
    uid = shop.object("configmap/one")["metadata"]["uid"]
    _hold(shop, '["shop.example/hold"]')
    shop.cluster.kubectl("delete", "configmap", "one", "-n", shop.namespace, "--wait=false")
    plan = shop.planned(target)
    assert actions(plan) == [("one", Action.CREATE)]
    assert plan.warnings == (f"ConfigMap/{shop.namespace}/one is being deleted: it is created anew once it is gone",)
    letting_go = threading.Thread(target=_hold, args=(shop, "null"))
    letting_go.start()
    applied = shop.apply(plan)
    letting_go.join()
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert shop.object("configmap/one")["metadata"]["uid"] != uid


def _hold(shop: Releases, finalizers: str) -> None:
    patch = f'{{"metadata": {{"finalizers": {finalizers}}}}}'
    shop.cluster.kubectl("patch", "configmap", "one", "-n", shop.namespace, "--type=merge", "-p", patch)


def test_a_rollback_of_the_first_apply_removes_only_what_it_created(shop: Releases) -> None:
    shop.cluster.kubectl("create", "configmap", "old", "-n", shop.namespace)
    target = shop.target("a", "app", config_map("old"), config_map("new"))
    baseline = shop.engine(target).adopt()
    assert baseline is not None
    assert baseline.description == f"existing objects: ConfigMap/{shop.namespace}/old"
    shop.applied(target)
    for to, known in ((baseline, None), (None, baseline), (None, None)):
        back = shop.rollback(target, to, known)
        assert back is not None
        assert actions(back) == [("new", Action.DELETE)]
    assert shop.apply(back).outcome is Outcome.SUCCEEDED
    assert shop.names("configmap") == ["old"]


def test_where_everything_existed_before_it_is_left_as_it_is(shop: Releases) -> None:
    shop.cluster.kubectl("create", "configmap", "old", "-n", shop.namespace)
    target = shop.target("a", "app", config_map("old"))
    baseline = shop.engine(target).adopt()
    shop.applied(target)
    assert shop.rollback(target, baseline) is None


def test_a_rollback_leaves_an_object_that_a_later_release_adopted(shop: Releases) -> None:
    good = shop.applied(shop.target("a", "app", config_map("one")))
    shop.cluster.kubectl("create", "configmap", "old", "-n", shop.namespace)
    failed = shop.target("b", "app", config_map("one"), config_map("old"), config_map("new"))
    shop.applied(failed)
    back = shop.rollback(failed, good)
    assert back is not None
    assert actions(back) == [("new", Action.DELETE)]
    assert back.warnings == (f"ConfigMap/{shop.namespace}/old stays: it existed before",)


def test_what_does_not_get_ready_fails_and_nothing_is_removed_before(shop: Releases) -> None:
    shop.applied(shop.target("a", "app", deployment("cart"), config_map("settings-1")))
    bad = shop.target("b", "app", deployment("cart", "broken-crash"), config_map("settings-2"), time_limit=3)
    applied = shop.apply(shop.planned(bad))
    assert applied.outcome is Outcome.FAILED
    assert f"not ready within 3 s: Deployment/{shop.namespace}/cart" in applied.detail
    assert re.search(r"(CrashLoopBackOff|Error) \(exit code 1", applied.detail)
    assert shop.names("configmap") == ["settings-1", "settings-2"]
    verification = shop.engine(bad).verify()
    assert (verification.outcome, verification.differences, verification.pending) == (Outcome.FAILED, (), True)


def test_what_is_applied_is_ready_and_what_goes_is_gone(shop: Releases) -> None:
    shop.applied(shop.target("a", "app", deployment("cart"), deployment("old")))
    target = shop.target("b", "app", deployment("cart", "2.0.0"))
    shop.applied(target)
    assert shop.names("deployment") == ["cart"]
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED


def test_after_an_apply_without_an_answer_the_objects_tell_how_far_it_got(shop: Releases) -> None:
    good = shop.applied(shop.target("a", "app", config_map("one", a="1"), config_map("two", a="1")))
    new = shop.target("b", "app", config_map("one", a="2"), config_map("three", a="2"))
    plan = shop.planned(new)
    engine = shop.engine(new)
    assert engine.observe(plan).progress is Progress.UNCHANGED
    shop.apply(plan)
    assert engine.observe(plan).progress is Progress.DONE
    assert engine.observe(plan).outputs == shop.receipts["app"].outputs
    back = shop.rollback(new, good)
    assert back is not None
    assert shop.engine(back.target).observe(back).progress is Progress.UNCHANGED
    shop.cluster.kubectl("delete", "configmap", "one", "-n", shop.namespace)
    partial = engine.observe(plan)
    assert (partial.progress, partial.detail) == (Progress.PARTIAL, f"still to do: ConfigMap/{shop.namespace}/one")
    assert shop.engine(back.target).observe(back).progress is Progress.PARTIAL


def test_what_is_not_ready_yet_cannot_be_observed_yet(shop: Releases) -> None:
    target = shop.target("a", "app", deployment("cart", "broken-ready"), time_limit=1)
    plan = shop.planned(target)
    shop.apply(plan)
    with pytest.raises(Unanswered, match=f"still working on Deployment/{shop.namespace}/cart"):
        shop.engine(target).observe(plan)


def test_what_an_autoscaler_and_the_server_write_is_neither_drift_nor_change(shop: Releases) -> None:
    empty = "replicas: 2\n  paused: false\n  strategy:\n  minReadySeconds: 0"
    target = shop.target("a", "app", deployment("cart", more=empty), AUTOSCALER)
    receipt = shop.applied(target)
    # The autoscaler gets to work once the Deployment is there.
    shop.cluster.kubectl("wait", "deployment/cart", "-n", shop.namespace, "--for=jsonpath={.spec.replicas}=3")
    assert shop.engine(target).detect_drift(receipt).changes == ()
    assert shop.engine(target).settle(receipt) == ()
    assert shop.planned(target).empty


def test_what_others_write_meanwhile_does_not_make_a_plan_stale(shop: Releases) -> None:
    shop.applied(shop.target("a", "app", config_map("one", a="1")))
    target = shop.target("b", "app", config_map("one", a="2"))
    plan = shop.planned(target)
    shop.cluster.kubectl("label", "configmap", "one", "touched=yes", "-n", shop.namespace)
    assert shop.planned(target).digest == plan.digest
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED


def test_a_field_of_ours_that_is_changed_meanwhile_makes_a_plan_stale(shop: Releases) -> None:
    shop.applied(shop.target("a", "app", config_map("one", a="1")))
    plan = shop.planned(shop.target("b", "app", config_map("one", a="2")))
    patch = '{"data": {"a": "3"}}'
    shop.cluster.kubectl("patch", "configmap", "one", "-n", shop.namespace, "--type=merge", "-p", patch)
    with pytest.raises(StalePlan, match="somebody changed an object"):
        shop.apply(plan)


def test_a_key_that_is_dropped_from_string_data_is_gone(shop: Releases) -> None:
    shop.applied(shop.target("a", "app", secret(old="x", kept="y")))
    shop.applied(shop.target("b", "app", secret(kept="y")))
    assert shop.object("secret/keys")["data"] == {"kept": "eQ=="}


def test_two_units_that_list_an_object_are_refused(shop: Releases) -> None:
    one = shop.target("a", "one", config_map("shared"))
    shop.target("a", "two", config_map("shared"))
    with pytest.raises(Refused, match=r"ConfigMap/.*/shared: unit two lists it too; take it out of one of them"):
        shop.planned(one)


def test_an_object_that_moves_to_another_unit_is_handed_over_and_back(shop: Releases) -> None:
    before = [shop.target("a", "one", config_map("moves", a="1"), config_map("one"))]
    before.append(shop.target("a", "two", config_map("two")))
    receipts = [shop.applied(target) for target in before]
    uid = shop.object("configmap/moves")["metadata"]["uid"]
    one = shop.target("b", "one", config_map("one"))
    two = shop.target("b", "two", config_map("moves", a="2"), config_map("two"))
    plans = [shop.planned(target) for target in (one, two)]
    assert (plans[0].empty, plans[0].changes) == (False, ())
    assert plans[0].warnings == (f"ConfigMap/{shop.namespace}/moves stays: unit two lists it now",)
    assert [shop.apply(plan).outcome for plan in plans] == [Outcome.SUCCEEDED] * 2
    assert shop.object("configmap/moves")["metadata"]["uid"] == uid
    assert _owner(shop) == "flowmart/dev/two"
    for failed, receipt in ((two, receipts[1]), (one, receipts[0])):
        back = shop.rollback(failed, receipt)
        assert back is not None
        assert not back.removed
        assert shop.apply(back).outcome is Outcome.SUCCEEDED
    moved = shop.object("configmap/moves")
    assert (moved["metadata"]["uid"], moved["data"]) == (uid, {"a": "1"})
    assert _owner(shop) == "flowmart/dev/one"


def _owner(shop: Releases) -> str:
    return str(shop.object("configmap/moves")["metadata"]["annotations"]["flowmart.example/unit"])


def test_an_object_of_another_environment_is_refused_and_never_removed(shop: Releases) -> None:
    receipt = shop.applied(shop.target("a", "app", config_map("one"), config_map("two")))
    theirs = "flowmart.example/unit=flowmart/other/app"
    shop.cluster.kubectl("annotate", "--overwrite", "configmap/one", theirs, "-n", shop.namespace)
    with pytest.raises(Refused, match="one belongs to flowmart/other/app; remove it there first"):
        shop.planned(shop.target("b", "app", config_map("one")))
    assert actions(shop.planned(shop.target("c", "app", config_map("two")))) == []
    assert shop.engine(receipt.target).detect_drift(receipt).empty


def test_a_namespace_that_neither_exists_nor_comes_along_is_found_at_plan(shop: Releases) -> None:
    shop.namespace = "nowhere"
    with pytest.raises(Refused, match="has no namespace nowhere; create it first"):
        shop.planned(shop.target("a", "app", config_map("one")))


def test_a_namespace_or_a_definition_that_a_release_drops_stays_while_the_release_needs_it(shop: Releases) -> None:
    space, group = f"{shop.namespace}-more", f"{shop.namespace}.example"
    shop.names_namespace = False
    kept = config_map("kept").replace("{name: kept}", f"{{name: kept, namespace: {space}}}")
    ticket = (
        f"apiVersion: {group}/v1\nkind: Ticket\nmetadata: {{name: one, namespace: {shop.namespace}}}\nspec: {{}}\n"
    )
    namespace = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {space}}}\n"
    definition = TICKETS.replace("GROUP", group)
    shop.applied(shop.target("a", "app", namespace, definition, kept, ticket, time_limit=100))
    plan = shop.planned(shop.target("b", "app", kept, ticket, time_limit=100))
    assert actions(plan) == []
    assert f"Namespace/{space} stays: ConfigMap/{space}/kept lives in it" in plan.warnings
    definitions, name = "CustomResourceDefinition", f"tickets.{group}"
    assert f"{definitions}/{name} stays: Ticket.{group}/{shop.namespace}/one is of its kind" in plan.warnings
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.engine(plan.target).verify().outcome is Outcome.SUCCEEDED
    shop.cluster.kubectl("delete", "crd", name)


def test_a_namespace_that_a_release_drops_stays_while_a_helm_unit_installs_into_it(shop: Releases) -> None:
    space = f"{shop.namespace}-more"
    shop.names_namespace = False
    namespace = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {space}}}\n"
    one = config_map("one").replace("{name: one}", f"{{name: one, namespace: {shop.namespace}}}")
    shop.applied(shop.target("a", "app", namespace, one))
    target = shop.target("b", "app", one)
    (shop.folder / "b/infrastructure/cart").mkdir()
    cart = Unit("cart", "helm", "cart", ("dev",), inputs={"namespace": space})
    shop.units = {**shop.units, "cart": cart}
    assert f"Namespace/{space} stays: unit cart lives in it" in shop.planned(target).warnings
    shop.units = {"app": shop.units["app"]}
    assert [change.action for change in shop.planned(target).changes] == [Action.DELETE]
