"""The helm engine with the real helm 3 and 4, on a sandbox cluster, with the rights that FlowMart's access gives."""

from __future__ import annotations

import re
import stat
import subprocess
from dataclasses import replace

import pytest

from tasks.domain.errors import InvalidInput, Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Action
from tasks.domain.release import Inputs
from tasks.domain.values import MASK
from tasks.engines.helm.engine import Helm
from tests.platforms.helm_shop import (
    BETTER,
    CRASHES,
    GOOD,
    HANGS,
    MIGRATION,
    Shop,
    kill_in_the_middle,
)

SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
stringData: {key: {{ .Values.key | quote }}, other: same}
"""
VOUCHERS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: vouchers.shop.example}
spec:
  group: shop.example
  scope: Namespaced
  names: {kind: Voucher, plural: vouchers, singular: voucher, listKind: VoucherList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
VOUCHER = """
apiVersion: shop.example/v1
kind: Voucher
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec: {percent: {{ .Values.percent }}}
"""


def test_a_plan_is_data_and_a_file_that_only_its_owner_reads(shop: Shop) -> None:
    plan = shop.of_image(shop.release("a"), GOOD)
    assert [change.address for change in plan.changes] == [
        f"NetworkPolicy/flowmart/{shop.unit}",
        f"ServiceAccount/flowmart/{shop.unit}",
        f"Service/flowmart/{shop.unit}",
        f"Deployment/flowmart/{shop.unit}",
    ]
    assert {change.action for change in plan.changes} == {Action.CREATE}
    assert plan.artifact is not None
    assert stat.S_IMODE(plan.artifact.path.stat().st_mode) == 0o600
    with pytest.raises(subprocess.CalledProcessError):
        shop.helm("status", shop.unit)


def test_apply_waits_gives_the_revision_and_then_a_plan_is_empty(shop: Shop) -> None:
    target = shop.release("a")
    receipt = shop.installed(target)
    assert receipt.outputs == {"release": shop.unit, "namespace": "flowmart", "revision": 1}
    assert "successfully rolled out" in shop.cluster.kubectl(
        "rollout", "status", f"deployment/{shop.unit}", "-n", "flowmart", "--timeout=1s"
    )
    assert shop.of_image(target, GOOD).empty
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED


def test_an_upgrade_tells_the_fields_that_change(shop: Shop) -> None:
    target = shop.release("a")
    shop.installed(target)
    plan = shop.of_image(target, BETTER)
    (change,) = plan.changes
    assert change.kind == "apps/v1/Deployment"
    assert f"cart:{GOOD} -> " in plan.text
    assert shop.apply(plan).outputs["revision"] == 2
    assert shop.image() == BETTER


def test_a_plan_is_applied_once(shop: Shop) -> None:
    plan = shop.of_image(shop.release("a"), GOOD)
    shop.apply(plan)
    with pytest.raises(StalePlan, match="planned from revision none, it is 1/deployed now"):
        shop.apply(plan)


@pytest.mark.parametrize("file", ["*.plan.json", "cart-1.0.0.tgz", "values.json"])
def test_other_files_than_the_planned_ones_are_refused(shop: Shop, file: str) -> None:
    plan = shop.of_image(shop.release("a"), GOOD)
    assert plan.artifact is not None
    (found,) = plan.artifact.path.parent.glob(file)
    found.write_bytes(found.read_bytes() + b" ")
    with pytest.raises(StalePlan, match="plan again"):
        shop.apply(plan)
    with pytest.raises(subprocess.CalledProcessError):
        shop.helm("status", shop.unit)


def test_an_upgrade_that_fails_says_what_the_pods_say_and_goes_back_natively(shop: Shop) -> None:
    good, bad = shop.release("a"), shop.release("b")
    receipt = shop.installed(good)
    applied = shop.apply(shop.hurried(bad, CRASHES))
    assert applied.outcome is Outcome.FAILED
    # Between two restarts it runs for a moment, and what it ended with tells.
    assert re.search(r"(CrashLoopBackOff|Error) \(exit code 1", applied.detail)
    assert "last said: " in applied.detail
    assert shop.statuses() == ["deployed", "failed"]
    shop.time_limit = 60
    plan = shop.rollback(bad, receipt)
    assert plan.target == good
    back = shop.apply(plan)
    assert (back.outcome, back.outputs["revision"]) == (Outcome.SUCCEEDED, 3)
    assert shop.statuses() == ["superseded", "failed", "deployed"]
    assert shop.image() == GOOD
    assert shop.engine(good).verify().outcome is Outcome.SUCCEEDED


def test_a_first_install_that_fails_is_removed(shop: Shop) -> None:
    target = shop.release("a")
    applied = shop.apply(shop.hurried(target, CRASHES))
    assert applied.outcome is Outcome.FAILED
    assert "what it had made was removed again" in applied.detail
    assert shop.cluster.kubectl("get", "deployment", "-n", "flowmart", "-o", "name") == ""
    back = shop.rollback(target, None)
    assert back.empty
    assert shop.apply(back) == Applied(Outcome.SUCCEEDED)


@pytest.mark.parametrize(("was_installed", "then"), [(True, "it is cleared first"), (False, "it is removed first")])
def test_what_a_killed_helm_left_behind_is_cleared_or_removed_first(
    shop: Shop, was_installed: bool, then: str
) -> None:
    target = shop.release("a")
    if was_installed:
        shop.installed(target)
    kill_in_the_middle(shop, shop.of_image(target, HANGS))
    assert shop.statuses()[-1] == ("pending-upgrade" if was_installed else "pending-install")
    plan = shop.of_image(target, BETTER)
    assert then in plan.warnings[0]
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert shop.image() == BETTER
    assert shop.statuses()[-1] == "deployed"


def test_without_a_receipt_a_rollback_removes_everything(shop: Shop) -> None:
    target = shop.release("a")
    shop.installed(target)
    plan = shop.rollback(target, None)
    assert {change.action for change in plan.changes} == {Action.DELETE}
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.cluster.kubectl("get", "deployment", "-n", "flowmart", "-o", "name") == ""


def test_what_was_scaled_by_hand_is_drift_and_the_next_upgrade_takes_it_back(shop: Shop) -> None:
    target = shop.release("a")
    receipt = shop.installed(target)
    assert shop.drift(receipt).empty
    shop.cluster.kubectl("scale", f"deployment/{shop.unit}", "--replicas=3", "-n", "flowmart")
    drift = shop.drift(receipt)
    assert drift.text == f"~ Deployment/flowmart/{shop.unit}\n    spec.replicas: 1 -> 3"
    assert shop.apply(shop.of_image(target, BETTER)).outcome is Outcome.SUCCEEDED
    assert shop.cluster.object("deployment", shop.unit, "-n", "flowmart")["spec"]["replicas"] == 1


def test_where_drift_is_put_right_the_same_release_takes_it_back(shop: Shop) -> None:
    target = shop.release("a")
    receipt = shop.installed(target)
    shop.cluster.kubectl("scale", f"deployment/{shop.unit}", "--replicas=3", "-n", "flowmart")
    shop.cluster.kubectl("delete", f"service/{shop.unit}", "-n", "flowmart")
    work = shop.workspace(target)
    engine = Helm(replace(work, receipt=receipt, reconciling=True))
    plan = engine.plan(Inputs(values=work.unit.inputs))
    assert {(change.address, change.action) for change in plan.changes} == {
        (f"Deployment/flowmart/{shop.unit}", Action.UPDATE),
        (f"Service/flowmart/{shop.unit}", Action.CREATE),
    }
    applied = engine.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert shop.drift(replace(receipt, outputs=applied.outputs)).empty


def test_an_object_that_was_deleted_by_hand_is_drift_and_not_verified(shop: Shop) -> None:
    target = shop.release("a")
    receipt = shop.installed(target)
    shop.cluster.kubectl("delete", f"service/{shop.unit}", "-n", "flowmart")
    (change,) = shop.drift(receipt).changes
    assert (change.address, change.action) == (f"Service/flowmart/{shop.unit}", Action.DELETE)
    verification = shop.engine(target).verify()
    assert (verification.outcome, verification.pending) == (Outcome.FAILED, False)
    assert [(c.address, c.action) for c in verification.differences] == [(change.address, Action.CREATE)]


def test_a_release_that_somebody_worked_on_with_helm_is_drift(shop: Shop) -> None:
    receipt = shop.installed(shop.release("a"))
    shop.helm("rollback", shop.unit, "1", "--wait")
    (change,) = shop.drift(receipt).changes
    assert change.address == f"Release/flowmart/{shop.unit}"
    assert change.after == {"revision": 2, "status": "deployed"}
    shop.helm("uninstall", shop.unit, "--wait")
    (change,) = shop.drift(receipt).changes
    assert change.action is Action.DELETE


def test_a_revision_that_helm_forgot_is_told(shop: Shop) -> None:
    target = shop.release("a")
    receipt = shop.installed(target)
    shop.helm("uninstall", shop.unit, "--wait")
    with pytest.raises(Refused, match=f"helm has no revision 1 of flowmart/{shop.unit} any more"):
        shop.rollback(target, receipt)


def test_a_secret_that_changes_is_seen_and_never_shown(shop: Shop) -> None:
    target = shop.own_chart("a", secret=SECRET)
    shop.apply(shop.planned(target, key="correct horse"))
    plan = shop.planned(target, key="battery staple")
    (change,) = plan.changes
    assert change.before is not None
    assert change.before["stringData"] == {"key": MASK, "other": MASK}
    assert "stringData.key: (sensitive value) -> (sensitive value, changed)" in plan.text
    assert not [secret for secret in ("horse", "staple") if secret in plan.text + str(plan.changes)]


def test_a_hook_that_fails_is_explained_by_what_its_pod_says(shop: Shop) -> None:
    target = shop.own_chart("a", hook=MIGRATION.replace("  template:", "  backoffLimit: 0\n  template:"))
    applied = shop.apply(shop.planned(target, migration="broken-crash"))
    assert applied.outcome is Outcome.FAILED
    assert f"Job/flowmart/{shop.unit}-migrate: " in applied.detail
    assert 'last said: "' in applied.detail


def test_hooks_run_and_a_hook_that_changes_is_a_change(shop: Shop) -> None:
    target = shop.own_chart("a", hook=MIGRATION)
    assert shop.apply(shop.planned(target, migration="1")).outcome is Outcome.SUCCEEDED
    job = shop.cluster.object("job", f"{shop.unit}-migrate", "-n", "flowmart")
    assert job["status"]["succeeded"] == 1
    (change,) = shop.planned(target, migration="2").changes
    assert change.address == f"Job/flowmart/{shop.unit}-migrate"
    assert shop.planned(target, migration="1").empty


def test_a_chart_may_bring_the_kinds_of_its_own_objects(shop: Shop) -> None:
    # Kinds are the administrator's to install: FlowMart's deployer may not.
    shop.reader = shop.writer = "admin"
    target = shop.own_chart("a", crds_vouchers=VOUCHERS, voucher=VOUCHER)
    plan = shop.planned(target, percent=10)
    assert [change.address for change in plan.changes] == [
        "CustomResourceDefinition/vouchers.shop.example",
        f"Voucher.shop.example/flowmart/{shop.unit}",
    ]
    assert "kinds that the cluster does not know yet" in plan.warnings[0]
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    (change,) = shop.planned(target, percent=20).changes
    assert change.kind == "shop.example/v1/Voucher"
    shop.helm("uninstall", shop.unit)
    shop.cluster.kubectl("delete", "crd", "vouchers.shop.example")


def test_values_that_the_chart_refuses_are_a_no_at_plan(shop: Shop) -> None:
    with pytest.raises(Refused, match=r"schema.*image.tag"):
        shop.of_image(shop.release("a"), "latest")


def test_a_namespace_that_does_not_exist_is_a_no_at_apply(shop: Shop) -> None:
    shop.namespace = "nowhere"
    with pytest.raises(Refused, match="nowhere"):
        shop.of_image(shop.release("a"), GOOD)


def test_the_identity_that_plans_cannot_apply(shop: Shop) -> None:
    plan = shop.of_image(shop.release("a"), GOOD)
    shop.writer = "plan"
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.FAILED
    assert "flowmart-plan" in applied.detail
    assert "forbidden" in applied.detail


def test_a_cluster_that_does_not_answer_is_no_answer(shop: Shop) -> None:
    away = shop.cluster.away("plan")
    engine = Helm(replace(shop.workspace(shop.release("a")), reading=lambda: away))
    with pytest.raises(Unanswered, match="connection refused"):
        engine.plan(Inputs({"namespace": "flowmart"}))


def test_an_environment_without_a_cluster_is_told(shop: Shop) -> None:
    engine = Helm(replace(shop.workspace(shop.release("a")), reading=dict))
    with pytest.raises(InvalidInput, match="give the environment a cluster"):
        engine.plan(Inputs({"namespace": "flowmart"}))
