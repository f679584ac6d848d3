"""A chart's own rules on a cluster, with helm 3 and 4: fields left to others, and when custom kinds are ready."""

from __future__ import annotations

import pytest

from tasks.domain.outcome import Outcome
from tests.platforms.helm_shop import Shop
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
CACHE = """
apiVersion: rules.example/v1
kind: Cache
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec: {size: 1}
"""
SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}, annotations: {shop.example/sum: none}}
data: {colour: {{ .Values.colour | quote }}, bundle: empty}
"""
FIELDS = ["data.bundle", "/metadata/annotations/shop.example~1sum"]


@pytest.fixture(scope="module")
def cluster(cluster: Cluster) -> Cluster:
    cluster.define(DEFINITION)
    return cluster


def test_an_ignored_field_is_no_drift_and_what_an_upgrade_leaves_is_said(shop: Shop) -> None:
    shop.options = {"ignore": [{"kind": "ConfigMap", "fields": FIELDS, "reason": "an injector fills it in"}]}
    target = shop.own_chart("a", settings=SETTINGS)
    plan = shop.planned(target, colour="red")
    receipt = shop.receipt(plan, shop.apply(plan))
    edit = ("patch", "configmap", shop.unit, "-n", "flowmart", "--type=merge", "-p")
    written = '{"data": {"bundle": "certificates"}, "metadata": {"annotations": {"shop.example/sum": "7"}}}'
    shop.cluster.kubectl(*edit, written)
    drift = shop.drift(receipt)
    rule = "helm.ignore[0] (ConfigMap: data.bundle, /metadata/annotations/shop.example~1sum)"
    listed = "(data.bundle, metadata.annotations.shop.example/sum)"
    note = f"{rule} ignores 2 fields of 1 object {listed}: an injector fills it in"
    assert (drift.changes, drift.warnings) == ((), (note,))
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED
    again = shop.planned(target, colour="red")
    assert (again.changes, again.warnings) == ((), (note,))
    upgrade = shop.planned(target, colour="blue")
    assert upgrade.warnings == (
        note,
        *(
            f"ConfigMap/flowmart/{shop.unit}: {path} stays {now}; the chart has {declared}"
            for path, now, declared in (
                ("data.bundle", "certificates", "empty"),
                ("metadata.annotations.shop.example/sum", "7", "none"),
            )
        ),
    )
    shop.cluster.kubectl(*edit, '{"data": {"colour": "white"}}')
    (change,) = shop.drift(receipt).changes
    assert "bundle" not in str(change)


def test_a_custom_kind_is_ready_when_its_expression_says_so(shop: Shop) -> None:
    shop.reader = shop.writer = "admin"
    ready = "object.status.phase == 'Running'"
    shop.options = {"health": [{"kind": "Cache", "ready": ready, "failed": "object.status.phase == 'Broken'"}]}
    target = shop.own_chart("a", cache=CACHE)
    plan = shop.planned(target)
    shop.time_limit = 5
    applied = shop.apply(plan)
    assert applied.outcome is Outcome.FAILED
    assert "cannot be evaluated: no such key: 'status'" in applied.detail
    shop.time_limit = 60
    shop.options = {}
    plan = shop.planned(target)
    receipt = shop.receipt(plan, shop.apply(plan))
    shop.options = {"health": [{"kind": "Cache", "ready": ready}]}
    verified = shop.engine(target).verify()
    assert (verified.outcome, verified.pending) == (Outcome.FAILED, True)
    assert shop.drift(receipt).changes == ()
    patch = '{"status": {"phase": "Running"}}'
    shop.cluster.kubectl("patch", f"caches.rules.example/{shop.unit}", "-n", "flowmart", "--type=merge", "-p", patch)
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED
