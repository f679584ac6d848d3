"""What plans say about hooks, and about what helm leaves in the cluster: no more than helm does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Plan
from tests.contract.test_helm_charts import DEFINITION, SETTINGS, of
from tests.platforms.helm_shop import Shop

HOOK = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-EVENT
  namespace: {{ .Release.Namespace }}
  annotations: {helm.sh/hook: EVENT, helm.sh/hook-weight: "5"}
data: {colour: TEXT}
"""
EVENTS = ("pre-install", "post-install", "pre-upgrade", "pre-rollback", "pre-delete")
TELLS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data: {by: {{ ternary "upgrade" "install" .Release.IsUpgrade }}}
"""
KEPT = SETTINGS.replace("{name: {{ .Release.Name }},", "{annotations: {helm.sh/resource-policy: keep}, name: kept,")
FAILS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: x, namespace: nowhere, annotations: {helm.sh/hook: post-install}}
"""


@pytest.fixture
def shop(shop: Shop) -> Iterator[Shop]:
    shop.reader = shop.writer = "admin"
    yield shop
    # What is removed runs its last hooks.
    shop.removed()
    left = [f"{shop.unit}-{event}" for event in EVENTS]
    shop.cluster.kubectl("delete", "configmap", *left, "kept", "-n", "flowmart", "--ignore-not-found")


def hooks(*events: str, text: str = "red") -> dict[str, str]:
    return {event: HOOK.replace("EVENT", event).replace("TEXT", text) for event in events}


def planned(plan: Plan) -> set[tuple[str, Action]]:
    return {(change.address.rpartition("/")[2], change.action) for change in plan.changes}


def there(shop: Shop) -> set[str]:
    found = shop.cluster.object("configmaps", "-n", "flowmart")["items"]
    return {item["metadata"]["name"] for item in found if item["metadata"]["name"].startswith(shop.unit)}


def test_a_plan_creates_only_the_hooks_that_run(shop: Shop) -> None:
    plan = shop.planned(shop.own_chart("a", settings=SETTINGS, **hooks(*EVENTS)))
    made = {shop.unit, f"{shop.unit}-pre-install", f"{shop.unit}-post-install"}
    assert planned(plan) == {(name, Action.CREATE) for name in made}
    assert f"hook ConfigMap/flowmart/{shop.unit}-pre-install runs (pre-install)" in plan.warnings
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert there(shop) == made


def test_an_upgrade_names_the_hooks_that_run_again_and_those_that_it_only_records(shop: Shop) -> None:
    assert shop.apply(shop.planned(shop.own_chart("a", settings=SETTINGS, **hooks(*EVENTS)))).outcome is (
        Outcome.SUCCEEDED
    )
    changed = {**hooks(*EVENTS), **hooks("pre-delete", text="blue")}
    plan = shop.planned(shop.own_chart("b", settings=SETTINGS, **changed))
    assert (planned(plan), plan.empty) == (set(), False)
    assert f"hook ConfigMap/flowmart/{shop.unit}-pre-upgrade runs (pre-upgrade)" in plan.warnings
    assert f"hook ConfigMap/flowmart/{shop.unit}-pre-delete is only recorded: it runs at pre-delete" in plan.warnings
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.planned(shop.own_chart("c", settings=SETTINGS, **changed)).empty


def test_a_hook_that_a_chart_drops_stays_in_the_cluster_and_the_plan_says_so(shop: Shop) -> None:
    first = shop.planned(shop.own_chart("a", settings=SETTINGS, **hooks("pre-install", "pre-delete")))
    assert shop.apply(first).outcome is Outcome.SUCCEEDED
    plan = shop.planned(shop.own_chart("b", settings=SETTINGS))
    hook = f"{shop.unit}-pre-install"
    assert [text for text in plan.warnings if "stays" in text] == [
        f"ConfigMap/flowmart/{hook} stays: helm does not remove it"
    ]
    assert planned(plan) == set()
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert hook in there(shop)


def test_the_plan_to_remove_a_release_names_what_helm_leaves(shop: Shop, group: str) -> None:
    parts = {"settings": SETTINGS, "kept": KEPT, "crds_cache": of(group, DEFINITION), **hooks("post-install")}
    target = shop.own_chart("a", **parts)
    assert shop.apply(shop.planned(target)).outcome is Outcome.SUCCEEDED
    back = shop.rollback(target, None)
    assert planned(back) == {(shop.unit, Action.DELETE)}
    assert {text.partition(" stays")[0] for text in back.warnings if "stays" in text} == {
        f"CustomResourceDefinition/caches.{group}",
        f"ConfigMap/flowmart/{shop.unit}-post-install",
        "ConfigMap/flowmart/kept",
    }
    assert shop.apply(back).outcome is Outcome.SUCCEEDED
    assert there(shop) == {f"{shop.unit}-post-install"}
    shop.cluster.kubectl("delete", "crd", f"caches.{group}")


def test_a_release_is_removed_although_its_chart_cannot_be_read_any_more(shop: Shop) -> None:
    target = shop.own_chart("a", settings=SETTINGS, **hooks("post-install"))
    assert shop.apply(shop.planned(target)).outcome is Outcome.SUCCEEDED
    (shop.workspace(target).folder / "Chart.yaml").write_text("name: [")
    back = shop.rollback(target, None)
    assert [text.partition(": ")[0] for text in back.warnings if "stay" in text] == [
        "what stays of the chart's crds/ is not known",
        f"ConfigMap/flowmart/{shop.unit}-post-install stays",
    ]
    assert shop.apply(back).outcome is Outcome.SUCCEEDED
    assert there(shop) == {f"{shop.unit}-post-install"}


def test_a_failed_first_install_says_what_of_it_is_still_there(shop: Shop, group: str) -> None:
    parts = {"settings": SETTINGS, "fails": FAILS, "crds_cache": of(group, DEFINITION), **hooks("pre-install")}
    applied = shop.apply(shop.planned(shop.own_chart("a", **parts)))
    assert applied.outcome is Outcome.FAILED
    left = f"CustomResourceDefinition/caches.{group}, ConfigMap/flowmart/{shop.unit}-pre-install"
    assert applied.detail.endswith(f"what it had made was removed again.\nhelm does not remove {left}.")
    shop.cluster.kubectl("delete", "crd", f"caches.{group}")


def test_a_first_install_that_was_killed_is_planned_as_removed_and_installed_anew(shop: Shop, group: str) -> None:
    parts = {"settings": TELLS, **hooks(*EVENTS)}
    assert shop.apply(shop.planned(shop.own_chart("a", **parts))).outcome is Outcome.SUCCEEDED
    shop.interrupted("pending-install", 1)
    plan = shop.planned(shop.own_chart("b", crds_cache=of(group, DEFINITION), **parts))
    made = {f"{shop.unit}-pre-install", f"{shop.unit}-post-install", f"caches.{group}"}
    assert planned(plan) == {(shop.unit, Action.REPLACE), *((name, Action.CREATE) for name in made)}
    assert "revision 1 is pending-install: it is removed first" in plan.warnings
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert shop.statuses() == ["deployed"]
    assert shop.cluster.object("configmap", shop.unit, "-n", "flowmart")["data"] == {"by": "install"}
    shop.cluster.kubectl("delete", "crd", f"caches.{group}")


def test_an_upgrade_that_was_killed_is_planned_as_the_upgrade_that_it_becomes(shop: Shop) -> None:
    assert shop.apply(shop.planned(shop.own_chart("a", settings=SETTINGS))).outcome is Outcome.SUCCEEDED
    shop.interrupted("pending-upgrade", 2)
    plan = shop.planned(shop.own_chart("b", settings=TELLS, **hooks(*EVENTS)))
    assert planned(plan) == {(shop.unit, Action.UPDATE), (f"{shop.unit}-pre-upgrade", Action.CREATE)}
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert shop.cluster.object("configmap", shop.unit, "-n", "flowmart")["data"] == {"by": "upgrade"}
