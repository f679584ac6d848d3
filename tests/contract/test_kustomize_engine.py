"""The kustomize engine with the real kubectl, on a sandbox cluster, with the rights that FlowMart's access gives."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import InvalidInput, Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Action, Plan
from tasks.domain.platform import Environment, Roles, Unit
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.engines.base import Workspace
from tasks.engines.kustomize.engine import Kustomize
from tasks.processes import Processes
from tests.peers.tools import tool
from tests.servers import clusters
from tests.servers.clusters import PROJECT, Cluster

DEV = Environment("dev", "222222222222", "eu-west-1", Roles("", ""))
SETTINGS = "ConfigMap/flowmart/flowmart-environment"

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
metadata: {name: ten, namespace: flowmart}
spec: {percent: 10}
"""


class Base:
    """The unit with FlowMart's overlay of dev: its releases in a folder, its receipt, and the engine for it."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self.receipt: Receipt | None = None
        self.reader, self.writer = "plan", "apply"

    def workspace(self, target: Target) -> Workspace:
        return Workspace(
            target=target,
            infrastructure=self.folder / target.release / "infrastructure",
            unit=Unit("base", "kustomize", "kubernetes/overlays/dev", ("dev",), time_limit=30.0),
            environment=DEV,
            unit_digest=f"digest of {target.release}",
            reading=lambda: self.cluster.variables(self.reader),
            writing=lambda: self.cluster.variables(self.writer),
            processes=Processes(),
            platform="flowmart",
            executable=tool("kubectl"),
            receipt=self.receipt,
        )

    def engine(self, target: Target) -> Kustomize:
        return Kustomize(self.workspace(target))

    def release(self, name: str, **edits: tuple[str, str]) -> Target:
        """A release with FlowMart's overlays, a text in a file of the base replaced by another."""
        kubernetes = self.folder / name / "infrastructure/kubernetes"
        shutil.copytree(PROJECT / "infrastructure/kubernetes", kubernetes)
        for file, (old, new) in edits.items():
            path = kubernetes / f"base/{file}.yaml"
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))
        return Target(name, "dev", "base")

    def planned(self, target: Target) -> Plan:
        return self.engine(target).plan(Inputs())

    def apply(self, plan: Plan) -> Applied:
        return self.engine(plan.target).apply(plan)

    def rollback(self, failed: Target, to: Receipt | Baseline | None) -> Plan:
        """The plan back to a receipt's release, or to what was there before the first apply."""
        target = to.target if isinstance(to, Receipt) else failed
        plan = self.engine(target).plan_rollback(self.workspace(failed), to)
        assert plan is not None
        return plan

    def drift(self, receipt: Receipt) -> Plan:
        return self.engine(receipt.target).detect_drift(receipt)

    def applied(self, target: Target) -> Receipt:
        """The receipt of an apply that succeeded, which is the unit's from now on."""
        plan = self.planned(target)
        return self.received(plan, self.apply(plan))

    def received(self, plan: Plan, applied: Applied) -> Receipt:
        assert applied.outcome is Outcome.SUCCEEDED, applied.detail
        self.receipt = Receipt(
            "1", plan.target, plan.unit_digest, plan.inputs_digest, plan.digest, applied.outputs, ""
        )
        return self.receipt

    def settings(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cluster.object("configmap", "flowmart-environment", "-n", "flowmart")["data"]
        return data


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Base]:
    """A cluster of its own, since everything here is shared by a cluster; with FlowMart's access."""
    cluster = clusters.started(tmp_path)
    clusters.grant_access(cluster)
    yield Base(cluster, tmp_path)
    cluster.stop()


def test_a_plan_is_data_and_changes_nothing(base: Base) -> None:
    plan = base.planned(base.release("a"))
    assert [(change.address, change.action) for change in plan.changes] == [
        ("Namespace/flowmart", Action.UPDATE),
        ("PriorityClass/flowmart-critical", Action.CREATE),
        ("PriorityClass/flowmart-standard", Action.CREATE),
        ("NetworkPolicy/flowmart/deny-all", Action.CREATE),
        ("NetworkPolicy/flowmart/names", Action.CREATE),
        ("NetworkPolicy/flowmart/tests", Action.CREATE),
        ("ResourceQuota/flowmart/flowmart", Action.CREATE),
        ("LimitRange/flowmart/flowmart", Action.CREATE),
        (SETTINGS, Action.CREATE),
    ]
    assert plan.artifact is not None
    assert stat.S_IMODE(plan.artifact.path.stat().st_mode) == 0o600
    assert base.cluster.kubectl("get", "networkpolicies", "-n", "flowmart", "-o", "name") == ""


def test_apply_lists_its_objects_and_then_a_plan_is_empty(base: Base) -> None:
    target = base.release("a")
    receipt = base.applied(target)
    namespace = receipt.outputs["objects"][0]
    uid = base.cluster.object("namespace", "flowmart")["metadata"]["uid"]
    assert namespace == {"api_version": "v1", "kind": "Namespace", "namespace": "", "name": "flowmart", "uid": uid}
    assert len(receipt.outputs["objects"]) == 9
    assert base.planned(target).empty
    assert base.engine(target).verify().outcome is Outcome.SUCCEEDED


def test_kubectl_agrees_that_nothing_differs(base: Base) -> None:
    target = base.release("a")
    base.applied(target)
    overlay = str(base.workspace(target).folder)
    # A server drops `globalDefault: false`, so somebody else's `false` would be a conflict.
    as_somebody = ("--server-side", "--force-conflicts", "--field-manager=somebody")
    assert base.cluster.kubectl("diff", *as_somebody, "-k", overlay) == ""


def test_what_a_release_drops_is_removed_and_a_rollback_brings_it_back(base: Base) -> None:
    old = base.applied(base.release("a"))
    new = base.release("b", kustomization=("  - limits.yaml\n", ""))
    plan = base.planned(new)
    assert plan.text == "- LimitRange/flowmart/flowmart"
    base.received(plan, base.apply(plan))
    assert base.cluster.kubectl("get", "limitrange", "-n", "flowmart", "-o", "name") == ""
    back = base.rollback(new, old)
    assert back.text == "+ LimitRange/flowmart/flowmart"
    assert base.apply(back).outcome is Outcome.SUCCEEDED
    assert base.engine(old.target).verify().outcome is Outcome.SUCCEEDED


def test_a_rollback_removes_what_only_the_failed_release_brought(base: Base) -> None:
    old = base.applied(base.release("a", kustomization=("  - limits.yaml\n", "")))
    failed = base.release("b", kustomization=("LOG_FORMAT=json", "LOG_FORMAT=text"))
    base.apply(base.planned(failed))
    back = base.rollback(failed, old)
    assert back.target == old.target
    assert back.text == f"- LimitRange/flowmart/flowmart\n~ {SETTINGS}\n    data.LOG_FORMAT: text -> json"
    assert base.apply(back).outcome is Outcome.SUCCEEDED
    assert base.settings()["LOG_FORMAT"] == "json"


def test_without_a_receipt_everything_goes_but_what_says_that_it_stays(base: Base) -> None:
    target = base.release("a")
    base.apply(base.planned(target))
    back = base.rollback(target, None)
    assert {change.action for change in back.changes} == {Action.DELETE}
    assert back.warnings == ("Namespace/flowmart stays: it says flowmart.example/removal: keep",)
    assert base.apply(back).outcome is Outcome.SUCCEEDED
    assert base.cluster.kubectl("get", "networkpolicies", "-n", "flowmart", "-o", "name") == ""
    assert base.cluster.object("namespace", "flowmart")["status"]["phase"] == "Active"


def test_what_was_never_ours_is_not_removed(base: Base) -> None:
    base.applied(base.release("a"))
    base.cluster.kubectl("delete", "limitrange", "flowmart", "-n", "flowmart")
    base.cluster.kubectl("create", "-f", "-", "-n", "flowmart", input=_LIMITS)
    assert base.planned(base.release("b", kustomization=("  - limits.yaml\n", ""))).changes == ()


_LIMITS = """
apiVersion: v1
kind: LimitRange
metadata: {name: flowmart}
spec: {limits: [{type: Container, max: {memory: 1Gi}}]}
"""


def test_a_field_that_somebody_else_owns_is_refused_with_their_name(base: Base) -> None:
    base.applied(base.release("a"))
    _edit(base, "text")
    with pytest.raises(Refused, match=r"\.data\.LOG_FORMAT .*kubectl-patch") as raised:
        base.planned(base.release("b"))
    assert "is owned by another" in str(raised.value)


def test_on_the_way_back_it_is_taken(base: Base) -> None:
    old = base.applied(base.release("a"))
    _edit(base, "text")
    back = base.rollback(base.release("b"), old)
    assert back.text == f"~ {SETTINGS}\n    data.LOG_FORMAT: text -> json"
    assert base.apply(back).outcome is Outcome.SUCCEEDED
    assert base.settings()["LOG_FORMAT"] == "json"


def test_drift_is_what_was_done_by_hand(base: Base) -> None:
    receipt = base.applied(base.release("a"))
    assert base.drift(receipt).empty
    _edit(base, "xml")
    base.cluster.kubectl("delete", "networkpolicy", "deny-all", "-n", "flowmart")
    drift = base.drift(receipt)
    assert [(change.address, change.action) for change in drift.changes] == [
        ("NetworkPolicy/flowmart/deny-all", Action.DELETE),
        (SETTINGS, Action.UPDATE),
    ]
    assert "data.LOG_FORMAT: json -> xml" in drift.text
    assert base.engine(receipt.target).verify().outcome is Outcome.FAILED


def test_where_drift_is_put_right_it_is_taken_from_whoever_has_it(base: Base) -> None:
    receipt = base.applied(base.release("a"))
    _edit(base, "xml")
    engine = Kustomize(replace(base.workspace(receipt.target), reconciling=True))
    plan = engine.plan(Inputs())
    assert plan.text == f"~ {SETTINGS}\n    data.LOG_FORMAT: xml -> json"
    assert engine.apply(plan).outcome is Outcome.SUCCEEDED
    assert base.drift(receipt).empty


def _edit(base: Base, format: str) -> None:
    patch = f'{{"data": {{"LOG_FORMAT": "{format}"}}}}'
    base.cluster.kubectl("patch", "configmap", "flowmart-environment", "-n", "flowmart", "--type=merge", "-p", patch)


def test_a_plan_is_stale_when_an_object_has_changed_since(base: Base) -> None:
    base.applied(base.release("a"))
    plan = base.planned(base.release("b", kustomization=("LOG_FORMAT=json", "LOG_FORMAT=text")))
    _edit(base, "xml")
    with pytest.raises(StalePlan, match="somebody changed an object"):
        base.apply(plan)
    assert base.settings()["LOG_FORMAT"] == "xml"


def test_another_plan_file_than_the_planned_one_is_refused(base: Base) -> None:
    plan = base.planned(base.release("a"))
    assert plan.artifact is not None
    plan.artifact.path.write_text(plan.artifact.path.read_text().replace("json", "text"))
    with pytest.raises(StalePlan, match="not the one that was planned"):
        base.apply(plan)


def test_a_kind_and_its_first_object_come_with_one_release(base: Base) -> None:
    target = base.release("a", kustomization=("  - quota.yaml\n", "  - quota.yaml\n  - vouchers.yaml\n"))
    (base.workspace(target).infrastructure / "kubernetes/base/vouchers.yaml").write_text(f"{VOUCHER}---{VOUCHERS}")
    # Kinds are the administrator's to install: FlowMart's deployer may not.
    base.reader = base.writer = "admin"
    engine = base.engine(target)
    plan = engine.plan(Inputs())
    assert {"CustomResourceDefinition/vouchers.shop.example", "Voucher.shop.example/flowmart/ten"} <= {
        c.address for c in plan.changes
    }
    assert engine.apply(plan).outcome is Outcome.SUCCEEDED
    assert engine.verify().outcome is Outcome.SUCCEEDED
    assert base.cluster.object("vouchers", "ten", "-n", "flowmart")["spec"] == {"percent": 10}


def test_a_kind_that_nobody_defines_is_a_no_at_plan(base: Base) -> None:
    target = base.release("a", kustomization=("  - quota.yaml\n", "  - quota.yaml\n  - voucher.yaml\n"))
    (base.workspace(target).infrastructure / "kubernetes/base/voucher.yaml").write_text(VOUCHER)
    with pytest.raises(
        Refused, match=r"Voucher\.shop\.example/flowmart/ten: cluster dev-plan knows no shop\.example/v1/Voucher"
    ):
        base.planned(target)


def test_what_the_cluster_refuses_is_a_no_at_plan(base: Base) -> None:
    target = base.release("a", quota=('pods: "40"', 'pods: "forty"'))
    with pytest.raises(Refused, match="could not rehearse ResourceQuota/flowmart/flowmart"):
        base.planned(target)


def test_the_identity_that_plans_may_only_rehearse(base: Base) -> None:
    plan = base.planned(base.release("a"))
    base.writer = "plan"
    applied = base.apply(plan)
    assert applied.outcome is Outcome.FAILED
    assert "flowmart planners may only rehearse" in applied.detail
    assert base.cluster.kubectl("get", "networkpolicies", "-n", "flowmart", "-o", "name") == ""


def test_a_cluster_that_does_not_answer_is_no_answer(base: Base) -> None:
    target = base.release("a")
    engine = Kustomize(replace(base.workspace(target), reading=lambda: base.cluster.away("plan")))
    with pytest.raises(Unanswered, match="cluster dev-plan: no answer"):
        engine.plan(Inputs())


def test_inputs_are_refused_since_overlays_are_there_for_that(base: Base) -> None:
    with pytest.raises(InvalidInput, match=r"inputs\.colour: a kustomization takes no inputs"):
        base.engine(base.release("a")).plan(Inputs({"colour": "red"}))
