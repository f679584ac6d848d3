"""Charts whose objects need others that may not be there yet: definitions, kinds of hooks, service accounts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome
from tests.platforms.helm_shop import Shop

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: vouchers.GROUP, annotations: {NOTES}}
spec:
  group: GROUP
  scope: Namespaced
  names: {kind: Voucher, plural: vouchers, singular: voucher, listKind: VoucherList}
  versions:
    - name: VERSION
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
VOUCHER = "apiVersion: GROUP/v1\nkind: Voucher\nmetadata: {name: ten, annotations: {NOTES}}\nspec: {percent: 10}\n"
ENDING = """
apiVersion: batch/v1
kind: Job
metadata: {name: {{ .Release.Name }}}
spec:
  ttlSecondsAfterFinished: 5
  template:
    spec:
      restartPolicy: Never
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: main
          image: shop/migrate:1.0.0
          resources: {limits: {memory: 64Mi, cpu: 100m}, requests: {memory: 64Mi, cpu: 10m}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: helm-web}\n"
POD = """
apiVersion: v1
kind: Pod
metadata: {name: helm-web}
spec:
  serviceAccountName: helm-web
  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: main
      image: shop/web:1.0.0
      resources: {limits: {memory: 64Mi, cpu: 100m}, requests: {memory: 64Mi, cpu: 10m}}
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""


@pytest.fixture
def shop(shop: Shop) -> Shop:
    # Kinds are the administrator's to install: FlowMart's deployer may not.
    shop.reader = shop.writer = "admin"
    return shop


@pytest.fixture
def group(group: str, shop: Shop) -> Iterator[str]:
    """A group of its own; what a test defined in it is gone afterwards."""
    yield group
    shop.cluster.kubectl("delete", "crd", f"vouchers.{group}", "--ignore-not-found")


def definition(group: str, version: str = "v1", notes: str = "") -> str:
    return DEFINITION.replace("GROUP", group).replace("VERSION", version).replace("NOTES", notes)


def voucher(group: str, notes: str = "") -> str:
    return VOUCHER.replace("GROUP", group).replace("NOTES", notes)


def test_a_version_that_crds_do_not_serve_is_refused_at_plan(shop: Shop, group: str) -> None:
    target = shop.own_chart("a", crds_one=definition(group, "v1alpha1"), voucher=voucher(group))
    with pytest.raises(Refused, match=f"its definition in this release serves no .*; use {group}/v1alpha1$"):
        shop.planned(target)


def test_a_definition_that_is_there_already_stays_in_its_version(shop: Shop, group: str) -> None:
    shop.cluster.define(definition(group, "v1alpha1"))
    target = shop.own_chart("a", crds_one=definition(group), voucher=voucher(group))
    with pytest.raises(Refused, match=f"use {group}/v1alpha1"):
        shop.planned(target)


def test_a_hook_may_be_of_a_kind_that_the_templates_define(shop: Shop, group: str) -> None:
    hook = voucher(group, notes="helm.sh/hook: post-install")
    applied = shop.apply(shop.planned(shop.own_chart("a", one=definition(group), hook=hook)))
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert shop.cluster.object(f"vouchers.{group}", "ten", "-n", "flowmart")["spec"] == {"percent": 10}
    shop.cluster.kubectl("delete", f"vouchers.{group}", "ten", "-n", "flowmart")


def test_a_pod_may_come_with_its_service_account(shop: Shop) -> None:
    plan = shop.planned(shop.own_chart("a", account=ACCOUNT, web=POD))
    assert plan.unknown == ("Pod/flowmart/helm-web",)
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail


def test_a_job_that_the_cluster_removed_once_it_had_ended_is_no_drift_and_the_plan_says_that_it_runs_again(
    shop: Shop,
) -> None:
    target = shop.own_chart("a", job=ENDING)
    plan = shop.planned(target)
    receipt = shop.receipt(plan, shop.apply(plan))
    job = f"job/{shop.unit}"
    shop.cluster.kubectl("wait", "--for=delete", job, "-n", shop.namespace, "--timeout=60s")
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED
    assert shop.drift(receipt).empty
    assert shop.planned(target).empty
    changed = shop.planned(shop.own_chart("b", job=ENDING, more=ACCOUNT.replace("helm-web", f"{shop.unit}-more")))
    assert f"Job/{shop.namespace}/{shop.unit} runs again if the cluster has removed it" in " ".join(changed.warnings)
    assert shop.apply(changed).outcome is Outcome.SUCCEEDED
    events = ("events", "-n", shop.namespace, "--field-selector", f"involvedObject.name={shop.unit},reason=Completed")
    uids = {event["involvedObject"]["uid"] for event in shop.cluster.object(*events)["items"]}
    assert len(uids) == 2
