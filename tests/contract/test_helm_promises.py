"""What every engine promises, kept by helm 3 and 4 on a cluster: identity, adoption, observation, drift."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tasks.cluster.waiting import Deadline
from tasks.domain.errors import Unanswered
from tasks.domain.outcome import Outcome, Progress
from tasks.domain.plan import Action
from tasks.domain.release import Receipt, Target
from tasks.domain.residual import drift_beyond
from tasks.engines.helm.engine import Helm
from tests.platforms.helm_shop import CRASHES, HANGS, Shop, kill_in_the_middle
from tests.servers.clusters import Cluster

CACHES = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: caches.shop.example}
spec:
  group: shop.example
  scope: Namespaced
  names: {kind: Cache, plural: caches, singular: cache, listKind: CacheList}
  versions:
    - {name: v1alpha1, served: true, storage: true, schema: &any {openAPIV3Schema: {type: object,
       x-kubernetes-preserve-unknown-fields: true}}}
    - {name: v1, served: true, storage: false, schema: *any}
"""
CACHE = """
apiVersion: shop.example/VERSION
kind: Cache
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec: {size: 1}
"""
SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data: {colour: {{ .Values.colour | quote }}}
"""
SCALED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  replicas: 1
  paused: false
  strategy:
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      hostNetwork: false
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: main
          image: shop/cart:1.0.0
          env: [{name: EMPTY, value: ""}]
          resources: {limits: {memory: 1024Mi, cpu: 1000m}, requests: {memory: 64Mi, cpu: 10m}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}, annotations: }
spec: {clusterIP: , selector: {app: {{ .Release.Name }}}, ports: [{port: 80}]}
"""
ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
"""
AUTOSCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  minReplicas: 2
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .Release.Name }}}
"""


@pytest.fixture(scope="module")
def cluster(cluster: Cluster) -> Cluster:
    cluster.define(CACHES)
    return cluster


def test_another_version_of_a_kind_is_an_update(shop: Shop) -> None:
    shop.reader = shop.writer = "admin"
    old = shop.own_chart("a", cache=CACHE.replace("VERSION", "v1alpha1"))
    assert shop.apply(shop.planned(old)).outcome is Outcome.SUCCEEDED
    plan = shop.planned(shop.own_chart("b", cache=CACHE.replace("VERSION", "v1")))
    assert [(change.action, change.kind) for change in plan.changes] == [(Action.UPDATE, "shop.example/v1/Cache")]


def test_after_an_apply_without_an_answer_the_revision_tells_how_far_it_got(shop: Shop) -> None:
    first = shop.own_chart("a", settings=SETTINGS)
    receipt = shop.receipt(shop.planned(first, colour="red"), shop.apply(shop.planned(first, colour="red")))
    target = shop.own_chart("b", settings=SETTINGS)
    plan = shop.planned(target, colour="blue")
    assert shop.engine(target).observe(plan).progress is Progress.UNCHANGED
    applied = shop.apply(plan)
    observed = shop.engine(target).observe(plan)
    assert (observed.progress, observed.outputs) == (Progress.DONE, applied.outputs)
    back = shop.rollback(target, receipt)
    assert shop.engine(back.target).observe(back).progress is Progress.UNCHANGED
    shop.apply(back)
    assert shop.engine(back.target).observe(back).progress is Progress.DONE


def test_a_removal_without_an_answer_is_done_once_the_release_is_gone(shop: Shop) -> None:
    target = shop.own_chart("a", settings=SETTINGS)
    shop.apply(shop.planned(target, colour="red"))
    plan = shop.rollback(target, None)
    assert shop.engine(target).observe(plan).progress is Progress.UNCHANGED
    shop.helm("uninstall", shop.unit, "--wait")
    assert shop.engine(target).observe(plan).progress is Progress.DONE


def test_a_killed_helm_may_still_run_until_its_time_is_up_and_then_it_got_part_of_the_way(shop: Shop) -> None:
    target = shop.release("a")
    plan = shop.of_image(target, HANGS)
    kill_in_the_middle(shop, plan)
    with pytest.raises(Unanswered, match="revision 1 is pending-install; helm may still be running"):
        shop.engine(target).observe(plan)
    shop.time_limit = 5
    engine = shop.engine(target)
    observed = Deadline(60).poll(lambda: engine.observe(plan), bool)
    assert (observed.progress, observed.detail) == (Progress.PARTIAL, "revision 1 is pending-install")


def test_a_rollback_of_the_first_apply_returns_to_the_revision_that_existed(shop: Shop) -> None:
    target = _installed_by_hand(shop)
    baseline = shop.engine(target).adopt()
    assert baseline is not None
    assert baseline.description == f"existing Helm release flowmart/{shop.unit}, revision 1"
    assert shop.apply(shop.planned(target, colour="blue")).outcome is Outcome.SUCCEEDED
    for to, known in ((baseline, None), (None, baseline)):
        workspace = replace(shop.workspace(target), baseline=known)
        back = Helm(workspace).plan_rollback(workspace, to)
        assert back is not None
        assert [change.action for change in back.changes] == [Action.UPDATE]
    assert shop.apply(back).outcome is Outcome.SUCCEEDED
    assert shop.cluster.object("configmap", shop.unit, "-n", "flowmart")["data"] == {"colour": "red"}


def test_what_helm_no_longer_keeps_is_left_as_it_is(shop: Shop) -> None:
    target = _installed_by_hand(shop)
    baseline = shop.engine(target).adopt()
    assert baseline is not None
    forgotten = replace(baseline, data={"revision": 99})
    assert shop.engine(target).plan_rollback(shop.workspace(target), forgotten) is None


def _installed_by_hand(shop: Shop) -> Target:
    """A release that was there before our first apply."""
    target = shop.own_chart("a", settings=SETTINGS)
    shop.helm("install", shop.unit, str(shop.workspace(target).folder), "--set", "colour=red")
    return target


def test_a_first_upgrade_that_fails_does_not_remove_what_existed(shop: Shop) -> None:
    shop.installed(shop.release("a"))
    target = shop.release("b")
    plan = shop.hurried(target, CRASHES)
    workspace = replace(shop.workspace(target), baseline=shop.engine(target).adopt())
    assert Helm(workspace).apply(plan).outcome is Outcome.FAILED
    assert shop.statuses() == ["deployed", "failed"]


def test_what_the_server_and_an_autoscaler_write_is_no_drift(shop: Shop) -> None:
    target = shop.own_chart("a", scaled=SCALED, service=SERVICE, autoscaler=AUTOSCALER)
    plan = shop.planned(target)
    receipt = shop.receipt(plan, shop.apply(plan))
    shop.cluster.kubectl(
        "wait", f"deployment/{shop.unit}", "-n", "flowmart", "--for=jsonpath={.spec.replicas}=2", "--timeout=300s"
    )
    assert shop.drift(receipt).changes == ()
    assert shop.engine(target).settle(receipt) == ()


def test_a_plan_says_when_helm_sets_what_an_autoscaler_has_set(shop: Shop) -> None:
    shop.apply(shop.planned(shop.own_chart("a", scaled=SCALED, autoscaler=AUTOSCALER)))
    by_it = "--for=jsonpath={.spec.replicas}=2"
    shop.cluster.kubectl("wait", f"deployment/{shop.unit}", "-n", "flowmart", by_it, "--timeout=300s")
    target = shop.own_chart("b", scaled=SCALED.replace("64Mi", "65Mi"), autoscaler=AUTOSCALER)
    told = f"Deployment/flowmart/{shop.unit}: helm sets spec.replicas to 1, an autoscaler has 2"
    assert told in "\n".join(shop.planned(target).warnings)
    shop.options = {"ignore": [{"kind": "Deployment", "fields": ["spec.replicas"], "reason": "it is autoscaled"}]}
    plan = shop.planned(target)
    assert "helm sets" not in "\n".join(plan.warnings)
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert shop.cluster.object("deployment", shop.unit, "-n", "flowmart")["spec"]["replicas"] == 2


def test_a_namespace_on_what_lives_in_none_is_no_drift(shop: Shop) -> None:
    shop.reader = shop.writer = "admin"
    target = shop.own_chart("a", role=ROLE)
    plan = shop.planned(target)
    receipt = shop.receipt(plan, shop.apply(plan))
    assert shop.drift(receipt).changes == ()
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED


def test_what_differed_right_after_the_apply_is_no_drift(shop: Shop) -> None:
    receipt = _recoloured(shop)
    residual = shop.engine(receipt.target).settle(receipt)
    assert drift_beyond(residual, shop.drift(receipt).changes) == ()
    _recolour(shop, "black")
    assert drift_beyond(residual, shop.drift(receipt).changes) != ()


def _recoloured(shop: Shop) -> Receipt:
    plan = shop.planned(shop.own_chart("a", settings=SETTINGS), colour="red")
    receipt = shop.receipt(plan, shop.apply(plan))
    _recolour(shop, "white")
    return receipt


def _recolour(shop: Shop, colour: str) -> None:
    patch = f'{{"data": {{"colour": "{colour}"}}}}'
    shop.cluster.kubectl("patch", "configmap", shop.unit, "-n", "flowmart", "--type=merge", "-p", patch)


def test_an_object_that_is_being_deleted_is_there_anew_afterwards(shop: Shop) -> None:
    shop.apply(shop.planned(shop.own_chart("a", settings=SETTINGS), colour="red"))
    _hold(shop, '["shop.example/hold"]')
    shop.cluster.kubectl("delete", "configmap", shop.unit, "-n", "flowmart", "--wait=false")
    plan = shop.planned(shop.own_chart("b", settings=SETTINGS), colour="blue")
    letting_go = threading.Thread(target=_hold, args=(shop, "null"))
    letting_go.start()
    applied = shop.apply(plan)
    letting_go.join()
    assert applied.outcome is Outcome.SUCCEEDED, applied.detail
    assert shop.cluster.object("configmap", shop.unit, "-n", "flowmart")["data"] == {"colour": "blue"}


def _hold(shop: Shop, finalizers: str) -> None:
    patch = f'{{"metadata": {{"finalizers": {finalizers}}}}}'
    shop.cluster.kubectl("patch", "configmap", shop.unit, "-n", "flowmart", "--type=merge", "-p", patch)
