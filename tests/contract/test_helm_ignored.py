"""Fields of a chart that are left to others stay as they are, whatever helm 3 and 4 do to a release."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Plan
from tasks.domain.release import Receipt
from tests.platforms.helm_shop import Shop

SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, annotations: {shop.example/sum: none}}
data: {colour: {{ .Values.colour | quote }}, bundle: {{ .Values.bundle | default "empty" }}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-other
  annotations: {}
data: {colour: {{ .Values.colour | quote }}, mode: "0644", window: "22:30"}
"""
HOOK = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-hook
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
data: {bundle: rendered}
"""
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  {{- if .Values.replicas }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}, annotations: {colour: {{ .Values.colour }}}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: main
          image: shop/cart:1.0.0
          resources: {limits: {memory: 64Mi, cpu: 100m}, requests: {memory: 64Mi, cpu: 10m}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}, annotations: {colour: {{ .Values.colour }}}}
stringData: {password: {{ randAlphaNum 8 | quote }}, salt: {{ randAlphaNum 8 | quote }}, user: cart}
"""
REPLICAS = [{"kind": "Deployment", "fields": ["spec.replicas"], "reason": "the team scales it by hand"}]
BUNDLE = [{"kind": "ConfigMap", "fields": ["data.bundle"], "reason": "an injector fills it in"}]
PASSWORD = [{"kind": "Secret", "fields": ["data.password"], "reason": "it is rotated"}]


def promoted(shop: Shop, release: str, files: dict[str, str], **values: Any) -> Receipt:
    plan = shop.planned(shop.own_chart(release, **files), **values)
    return shop.receipt(plan, shop.apply(plan))


def live(shop: Shop, kind: str, name: str = "") -> dict[str, Any]:
    return shop.cluster.object(kind, name or shop.unit, "-n", "flowmart")


def patched(shop: Shop, kind: str, patch: dict[str, Any]) -> None:
    edit = ("patch", kind, shop.unit, "-n", "flowmart", "--type=merge", "-p", json.dumps(patch))
    shop.cluster.kubectl(*edit, "--field-manager=somebody")


def differing(plan: Plan) -> list[tuple[str, Action]]:
    return [(change.address, change.action) for change in plan.changes]


def test_an_upgrade_leaves_an_ignored_field_as_it_is_and_sends_the_rest(shop: Shop) -> None:
    shop.options = {"ignore": BUNDLE}
    files = {"settings": SETTINGS, "hook": HOOK}
    promoted(shop, "a", files, colour="red")
    patched(shop, "configmap", {"data": {"bundle": "certificates"}})
    plan = shop.planned(shop.own_chart("b", **files), colour="blue")
    about = f"ConfigMap/flowmart/{shop.unit}"
    assert differing(plan) == [(about, Action.UPDATE), (f"{about}-other", Action.UPDATE)]
    assert "bundle" not in str(plan.changes)
    assert f"{about}: data.bundle stays certificates; the chart has empty" in plan.warnings
    receipt = shop.receipt(plan, shop.apply(plan))
    assert shop.planned(plan.target, colour="blue").empty
    assert live(shop, "configmap")["data"] == {"colour": "blue", "bundle": "certificates"}
    other = live(shop, "configmap", f"{shop.unit}-other")["data"]
    assert other == {"colour": "blue", "mode": "0644", "window": "22:30"}
    assert live(shop, "configmap", f"{shop.unit}-hook")["data"] == {"bundle": "rendered"}
    assert shop.engine(plan.target).verify().outcome is Outcome.SUCCEEDED
    assert shop.drift(receipt).changes == ()


def test_what_changes_between_plan_and_apply_stays_too_and_voids_no_plan(shop: Shop) -> None:
    shop.options = {"ignore": BUNDLE}
    promoted(shop, "a", {"settings": SETTINGS}, colour="red")
    patched(shop, "configmap", {"data": {"bundle": "certificates"}})
    target = shop.own_chart("b", settings=SETTINGS)
    earlier = shop.planned(target, colour="blue")
    patched(shop, "configmap", {"data": {"bundle": "new"}})
    plan = shop.planned(target, colour="blue")
    assert plan.digest == earlier.digest
    patched(shop, "configmap", {"data": {"bundle": "newer"}})
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert live(shop, "configmap")["data"] == {"colour": "blue", "bundle": "newer"}


def test_a_release_that_changes_nothing_but_ignored_fields_is_no_upgrade(shop: Shop) -> None:
    shop.options = {"ignore": BUNDLE}
    promoted(shop, "a", {"settings": SETTINGS}, colour="red")
    plan = shop.planned(shop.own_chart("b", settings=SETTINGS), colour="red", bundle="full")
    assert plan.empty
    shop.apply(plan)
    assert shop.statuses() == ["deployed"]


def test_a_rollback_leaves_an_ignored_field_as_it_is_and_the_record_as_it_was(shop: Shop) -> None:
    shop.options = {"ignore": REPLICAS}
    receipt = promoted(shop, "a", {"web": WEB}, colour="red", replicas=1)
    recorded = shop.helm("get", "manifest", shop.unit, "--revision", "1")
    failed = promoted(shop, "b", {"web": WEB, "added": SETTINGS}, colour="blue", replicas=1).target
    patched(shop, "deployment", {"spec": {"replicas": 3}})
    plan = shop.rollback(failed, receipt)
    about = f"Deployment/flowmart/{shop.unit}"
    assert f"{about}: spec.replicas stays 3; revision 1 has 1" in plan.warnings
    assert "replicas" not in str(plan.changes)
    back = shop.apply(plan)
    assert back.outcome is Outcome.SUCCEEDED, back.detail
    found = live(shop, "deployment")["spec"]
    assert (found["replicas"], found["template"]["metadata"]["annotations"]) == (3, {"colour": "red"})
    assert shop.cluster.kubectl("get", "configmap", shop.unit, "-n", "flowmart", "--ignore-not-found") == ""
    assert shop.helm("get", "manifest", shop.unit, "--revision", "1") == recorded
    assert shop.statuses() == ["superseded", "superseded", "deployed"]


def test_a_field_that_the_chart_drops_stays_when_it_is_ignored(shop: Shop) -> None:
    promoted(shop, "a", {"web": WEB}, colour="red", replicas=2)
    shop.options = {"ignore": REPLICAS}
    promoted(shop, "b", {"web": WEB}, colour="blue")
    assert live(shop, "deployment")["spec"]["replicas"] == 2
    patched(shop, "deployment", {"spec": {"replicas": 3}})
    promoted(shop, "c", {"web": WEB}, colour="green")
    assert live(shop, "deployment")["spec"]["replicas"] == 3


def test_a_secret_that_is_rotated_keeps_its_value_beside_one_that_is_rendered_anew(shop: Shop) -> None:
    shop.options = {"ignore": PASSWORD}
    promoted(shop, "a", {"secret": SECRET}, colour="red")
    rotated = base64.b64encode(b"tulip-9").decode()
    patched(shop, "secret", {"data": {"password": rotated}})
    before = live(shop, "secret")["data"]
    plan = shop.planned(shop.own_chart("b", secret=SECRET), colour="blue")
    assert "tulip-9" not in f"{plan.text} {plan.changes} {plan.warnings}"
    assert rotated not in f"{plan.text} {plan.changes} {plan.warnings}"
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    after = live(shop, "secret")
    assert (after["data"]["password"], after["data"]["user"]) == (rotated, before["user"])
    assert after["data"]["salt"] != before["salt"]
    assert after["metadata"]["annotations"]["colour"] == "blue"


def test_a_stuck_release_is_cleared_without_setting_an_ignored_field(shop: Shop) -> None:
    shop.options = {"ignore": BUNDLE}
    promoted(shop, "a", {"settings": SETTINGS}, colour="red")
    patched(shop, "configmap", {"data": {"bundle": "certificates"}})
    shop.interrupted("pending-upgrade", 2)
    plan = shop.planned(shop.own_chart("b", settings=SETTINGS), colour="blue")
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert live(shop, "configmap")["data"] == {"colour": "blue", "bundle": "certificates"}


def test_where_records_are_no_secrets_the_plan_says_what_a_rollback_sets(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELM_DRIVER", "configmap")
    shop.writer = shop.reader = "admin"
    shop.options = {"ignore": BUNDLE}
    receipt = promoted(shop, "a", {"settings": SETTINGS}, colour="red")
    failed = promoted(shop, "b", {"settings": SETTINGS}, colour="blue").target
    patched(shop, "configmap", {"data": {"bundle": "certificates"}})
    plan = shop.rollback(failed, receipt)
    told = f"ConfigMap/flowmart/{shop.unit}: the rollback sets data.bundle to empty, though it is ignored"
    assert told in "\n".join(plan.warnings)
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert live(shop, "configmap")["data"] == {"colour": "red", "bundle": "empty"}
    shop.removed()
