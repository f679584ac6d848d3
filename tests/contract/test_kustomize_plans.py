"""What a plan of a kustomization finds before anything is applied, since the cluster itself was asked."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Plan
from tasks.domain.values import UNKNOWN
from tests.platforms.kustomizations import Releases, config_map, deployment, in_own_namespace
from tests.servers import clusters
from tests.servers.clusters import Cluster

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group}}}
spec:
  group: {group}
  scope: {scope}
  names: {{kind: {kind}, plural: {plural}, singular: {singular}, listKind: {kind}List}}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {{type: object, properties: {{{fields}}}}}
"""
SIZE = "size: {type: integer}"
COLOUR = f"{SIZE}, colour: {{type: string}}"
WARNING = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {name}}}
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}
    resourceRules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}}]
  validations: [{{expression: "!has(object.data.old)", message: old is no longer read}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {name}}}
spec: {{policyName: {name}, validationActions: [Warn]}}
"""
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {secrets: "2"}}
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = clusters.started(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop()


@pytest.fixture
def shop(cluster: Cluster, tmp_path: Path) -> Releases:
    """Releases in a namespace of the test's own."""
    return in_own_namespace(cluster, tmp_path)


def definition(group: str, fields: str = SIZE, scope: str = "Namespaced") -> str:
    return DEFINITION.format(group=group, scope=scope, kind="Cache", plural="caches", singular="cache", fields=fields)


def cache(group: str, spec: str = "{size: 1}") -> str:
    return f"apiVersion: {group}/v1\nkind: Cache\nmetadata: {{name: main}}\nspec: {spec}\n"


def secret(name: str) -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\n"


def actions(plan: Plan) -> dict[str, Action]:
    return {change.address: change.action for change in plan.changes}


def test_an_object_without_a_namespace_lives_in_the_one_of_the_context(shop: Releases) -> None:
    shop.names_namespace = False
    name = f"one-{uuid.uuid4().hex[:8]}"
    target = shop.target("a", "app", config_map(name))
    assert actions(shop.planned(target)) == {f"ConfigMap/default/{name}": Action.CREATE}
    shop.applied(target)
    assert shop.planned(target).empty
    assert shop.cluster.object("configmap", name, "-n", "default")["data"] == {"a": "b"}
    dropped = shop.target("b", "app", config_map("another"))
    assert actions(shop.planned(dropped))[f"ConfigMap/default/{name}"] is Action.DELETE


def test_a_cluster_wide_custom_resource_has_no_namespace_whatever_kustomize_writes(
    shop: Releases, group: str
) -> None:
    shop.cluster.define(definition(group, scope="Cluster"))
    target = shop.target("a", "app", cache(group))
    assert actions(shop.planned(target)) == {f"Cache.{group}/main": Action.CREATE}
    shop.applied(target)
    assert shop.planned(target).empty


def test_a_field_that_its_definition_gains_in_the_same_release_is_unknown_and_good(
    shop: Releases, group: str
) -> None:
    shop.applied(shop.target("a", "app", definition(group), cache(group)))
    plan = shop.planned(shop.target("b", "app", definition(group, COLOUR), cache(group, "{size: 1, colour: red}")))
    assert plan.unknown == (f"Cache.{group}/{shop.namespace}/main",)
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert shop.object(f"caches.{group}/main")["spec"] == {"size": 1, "colour": "red"}


def test_what_the_new_definition_refuses_is_found_before_anything_else_is_applied(shop: Releases, group: str) -> None:
    target = shop.target("a", "app", definition(group), cache(group, "{size: large}"), config_map("one"))
    applied = shop.apply(shop.planned(target))
    assert applied.outcome is Outcome.FAILED
    assert f"could not rehearse Cache.{group}/{shop.namespace}/main" in applied.detail
    assert applied.detail.endswith(f"Done before: CustomResourceDefinition/caches.{group}")
    assert shop.names("configmap") == []


def test_a_field_that_no_definition_has_is_refused_at_plan(shop: Releases, group: str) -> None:
    shop.applied(shop.target("a", "app", definition(group), cache(group)))
    with pytest.raises(Refused, match="colour"):
        shop.planned(shop.target("b", "app", definition(group), cache(group, "{size: 1, colour: red}")))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("replicaz: 2", "replicaz"),
        ("replicas: two", "replicas"),
        ("replicas: -1", "replicas"),
        ("selector: {matchLabels: {app: other}}", "selector"),
    ],
)
def test_a_manifest_that_does_not_fit_its_schema_is_refused_at_plan(shop: Releases, wrong: str, named: str) -> None:
    manifest = deployment("cart").replace("replicas: 1", wrong)
    if wrong.startswith("selector"):
        manifest = manifest.replace("  selector: {matchLabels: {app: cart}}\n", "")
    with pytest.raises(Refused, match=named):
        shop.planned(shop.target("a", "app", manifest))


def test_a_version_that_is_served_no_more_names_those_that_are(shop: Releases) -> None:
    old = "apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\nmetadata: {name: cart}\n"
    with pytest.raises(Refused, match="serves no autoscaling/v2beta2/HorizontalPodAutoscaler any more; use autosc"):
        shop.planned(shop.target("a", "app", old))


def fixed(colour: str) -> str:
    """The manifest of a ConfigMap that no change is allowed to."""
    return config_map("fixed", colour=colour) + "immutable: true\n"


def test_a_change_that_the_cluster_does_not_allow_is_refused_with_the_way_to_go(shop: Releases) -> None:
    shop.applied(shop.target("a", "unit", fixed("blue")))
    with pytest.raises(Refused, match=r"data: field is immutable .* kustomize: \{replace: \[ConfigMap\]\}"):
        shop.planned(shop.target("b", "unit", fixed("green")))


@pytest.mark.parametrize("allowed", ["ConfigMap", "ConfigMap/fixed"])
def test_an_object_is_made_anew_where_the_unit_allows_it_and_again_by_a_rollback(
    shop: Releases, allowed: str
) -> None:
    good = shop.applied(shop.target("a", "unit", fixed("blue"), config_map("other")))
    uid, other = (shop.object(f"configmap/{name}")["metadata"]["uid"] for name in ("fixed", "other"))
    target = shop.target("b", "unit", fixed("green"), config_map("other"), options={"replace": [allowed]})
    plan = shop.planned(target)
    (change,) = plan.changes
    assert (change.action, change.address) == (Action.REPLACE, f"ConfigMap/{shop.namespace}/fixed")
    assert change.before is not None
    assert change.after is not None
    assert (change.before["data"], change.after["data"]) == ({"colour": "blue"}, {"colour": "green"})
    receipt = shop.applied(target)
    assert shop.object("configmap/fixed")["data"] == {"colour": "green"}
    assert shop.object("configmap/fixed")["metadata"]["uid"] != uid
    assert shop.object("configmap/other")["metadata"]["uid"] == other
    assert shop.planned(target).empty
    assert shop.engine(target).detect_drift(receipt).changes == ()
    back = shop.rollback(target, good)
    assert back is not None
    assert [change.action for change in back.changes] == [Action.REPLACE]
    assert shop.apply(back).outcome is Outcome.SUCCEEDED
    assert shop.object("configmap/fixed")["data"] == {"colour": "blue"}


def test_what_was_replaced_by_hand_is_drift(shop: Releases) -> None:
    target = shop.target("a", "unit", fixed("blue"))
    receipt = shop.applied(target)
    shop.cluster.kubectl("delete", "configmap", "fixed", "-n", shop.namespace)
    shop.cluster.kubectl("apply", "-n", shop.namespace, "-f", "-", input=fixed("red"))
    (change,) = shop.engine(target).detect_drift(receipt).changes
    assert change.address == f"ConfigMap/{shop.namespace}/fixed"


def test_all_new_objects_together_have_to_fit_in_a_quota(shop: Releases) -> None:
    shop.cluster.kubectl("apply", "--server-side", "-n", shop.namespace, "-f", "-", input=QUOTA)
    shop.cluster.kubectl("wait", "resourcequota/few", "-n", shop.namespace, "--for=jsonpath={.status.hard.secrets}=2")
    with pytest.raises(Refused, match="few allows 2 secrets, 0 are used, and the release adds 3"):
        shop.planned(shop.target("a", "app", secret("one"), secret("two"), secret("three")))
    shop.applied(shop.target("b", "app", secret("one"), secret("two")))


def test_what_the_cluster_warns_of_stands_in_the_plan(shop: Releases) -> None:
    name = shop.namespace
    shop.cluster.kubectl("apply", "--server-side", "-f", "-", input=WARNING.format(name=name))
    plans = (shop.planned(shop.target(str(number), "app", config_map("one", old="x"))) for number in range(100))
    # A policy is in force a moment after it was applied.
    warned = next(plan for plan in plans if plan.warnings)
    assert f"ConfigMap/{name}/one: " in warned.warnings[0]
    assert "old is no longer read" in warned.warnings[0]
    assert "! ConfigMap" in warned.text


def test_what_another_unit_brings_is_unknown_and_not_refused(shop: Releases, group: str) -> None:
    name = f"{shop.namespace}-new"
    shop.namespace = name
    shop.target("a", "base", definition(group), f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n")
    plan = shop.planned(shop.target("a", "app", cache(group), config_map("one")))
    assert set(plan.unknown) == {f"Cache.{group}/{name}/main", f"ConfigMap/{name}/one"}


def test_the_manager_of_what_is_applied_is_called_like_the_platform(shop: Releases) -> None:
    acme = replace(shop, platform="acme")
    acme.applied(acme.target("a", "app", config_map("one")))
    shown = shop.cluster.object("configmap", "one", "-n", shop.namespace, "--show-managed-fields")
    assert [entry["manager"] for entry in shown["metadata"]["managedFields"]] == ["acme"]


def test_what_a_release_drops_goes_even_if_the_store_was_lost(shop: Releases) -> None:
    listing = {"options": {"inventory": shop.namespace}}
    target = shop.target("a", "unit", config_map("kept"), config_map("dropped"), **listing)
    shop.applied(target)
    assert shop.planned(target).empty
    shop.receipts.clear()
    again = shop.planned(shop.target("b", "unit", config_map("kept"), **listing))
    assert [(change.address, change.action) for change in again.changes] == [
        (f"ConfigMap/{shop.namespace}/dropped", Action.DELETE)
    ]
    assert shop.apply(again).outcome is Outcome.SUCCEEDED
    assert [name for name in shop.names("configmap") if not name.startswith("inventory-")] == ["kept"]


def test_what_somebody_adds_to_the_list_stays(shop: Releases) -> None:
    listing = {"options": {"inventory": shop.namespace}}
    shop.applied(shop.target("a", "unit", config_map("kept"), **listing))
    shop.cluster.kubectl("create", "configmap", "foreign", "-n", shop.namespace)
    (name,) = (name for name in shop.names("configmap") if name.startswith("inventory-"))
    objects = json.loads(shop.object(f"configmap/{name}")["data"]["objects"])
    data = {"data": {"objects": json.dumps([*objects, {**objects[0], "name": "foreign"}])}}
    shop.cluster.kubectl("patch", "configmap", name, "-n", shop.namespace, "-p", json.dumps(data))
    plan = shop.planned(shop.target("b", "unit", config_map("kept"), **listing))
    assert plan.changes == ()
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert "foreign" in shop.names("configmap")


def test_the_list_may_be_in_a_namespace_that_comes_with_the_unit(shop: Releases) -> None:
    shop.names_namespace = False
    name = f"{shop.namespace}-new"
    namespace = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"
    shop.applied(shop.target("a", "unit", namespace, options={"inventory": name}))
    found = shop.cluster.kubectl("get", "configmap", "-n", name, "-o", "name").split()
    assert any("inventory-" in each for each in found)
    shop.cluster.kubectl("delete", "namespace", name)


JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "shop/migrate:TAG"}]}}}
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {TYPE, ports: [{port: 80}]}\n"


def test_what_the_server_chooses_anew_each_time_is_unknown_and_the_plan_stays_the_same(shop: Releases) -> None:
    plain, exposed = (SERVICE.replace("TYPE", text) for text in ("selector: {app: web}", "type: NodePort"))
    named = SERVICE.replace("TYPE", "type: ExternalName, externalName: db.example.com").replace("web}", "db}")
    inside = SERVICE.replace("TYPE", "type: ClusterIP").replace("web}", "db}")
    shop.applied(shop.target("a", "app", plain, named, JOB.replace("TAG", "1.0.0")))
    target = shop.target(
        "b", "app", exposed, inside, JOB.replace("TAG", "2.0.0"), options={"replace": ["Job"]}, time_limit=60
    )
    earlier, plan = shop.planned(target), shop.planned(target)
    assert earlier.digest == plan.digest
    after = {change.address.rpartition("/")[2]: change.after or {} for change in plan.changes}
    assert [port.get("nodePort") for port in after["web"]["spec"]["ports"] if "nodePort" in port] == [UNKNOWN]
    assert after["db"]["spec"]["clusterIP"] == UNKNOWN
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.engine(target).detect_drift(shop.receipts["app"]).empty
