"""Charts as other people write them: certificates made by the chart, kinds that come with it, names made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tasks.domain.errors import Refused
from tasks.domain.outcome import Outcome
from tests.platforms.helm_shop import Shop
from tests.servers.clusters import Cluster

CERTIFICATE = """
{{- $ca := genCA "shop" 30 }}
{{- $made := genSignedCert "cart.shop.svc" nil (list "cart.shop.svc") 30 $ca }}
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data:
  tls.crt: {{ $made.Cert | b64enc }}
  tls.key: {{ $made.Key | b64enc }}
"""
NAMED_ANEW = """
apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}-{{ randAlpha 6 | lower }}", namespace: {{ .Release.Namespace }}}
spec: {selector: {app: x}, ports: [{port: PORT}]}
"""
SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data: {colour: {{ .Values.colour | default "none" | quote }}}
"""
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: caches.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {kind: Cache, plural: caches, singular: cache, listKind: CacheList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}
"""
RESOURCE = """
apiVersion: GROUP/v1
kind: Cache
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec: {size: 1}
"""


@pytest.fixture
def shop(shop: Shop) -> Shop:
    shop.reader = shop.writer = "admin"
    return shop


@pytest.fixture
def group(group: str, cluster: Cluster) -> Iterator[str]:
    """A group of its own; what a test defined in it is gone afterwards."""
    yield group
    cluster.kubectl("delete", "crd", f"caches.{group}", "--ignore-not-found")


def of(group: str, text: str) -> str:
    return text.replace("GROUP", group)


def test_a_certificate_that_a_chart_makes_is_planned_and_installed(shop: Shop) -> None:
    plan = shop.planned(shop.own_chart("a", certificate=CERTIFICATE))
    assert plan.unknown == (f"Secret/flowmart/{shop.unit}",)
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED


def test_what_the_cluster_refuses_of_an_object_that_is_named_anew_is_refused_at_plan(shop: Shop) -> None:
    plan = shop.planned(shop.own_chart("a", service=NAMED_ANEW.replace("PORT", "80")))
    assert plan.unknown == ("v1/Service, named anew each time",)
    with pytest.raises(Refused, match=r"could not rehearse Service/.*spec\.ports\[0\]\.port"):
        shop.planned(shop.own_chart("b", service=NAMED_ANEW.replace("PORT", "99999")))


def test_objects_of_a_kind_in_crds_are_unknown_at_plan_and_installed(shop: Shop, group: str) -> None:
    target = shop.own_chart("a", crds_cache=of(group, DEFINITION), cache=of(group, RESOURCE))
    plan = shop.planned(target)
    assert plan.unknown == (f"Cache.{group}/flowmart/{shop.unit}",)
    assert [change.address for change in plan.changes] == [
        f"CustomResourceDefinition/caches.{group}",
        f"Cache.{group}/flowmart/{shop.unit}",
    ]
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED


def test_objects_of_a_kind_among_the_templates_are_refused_at_plan_as_helm_refuses_them(
    shop: Shop, group: str
) -> None:
    target = shop.own_chart("a", definition=of(group, DEFINITION), cache=of(group, RESOURCE))
    with pytest.raises(Refused, match=r"knows no .*/v1/Cache; .*move the definition to crds/"):
        shop.planned(target)
    installed = shop.ran("install", shop.unit, str(shop.workspace(target).folder))
    assert installed.returncode != 0
    assert "unable to build kubernetes objects" in installed.stderr


def test_a_definition_among_the_templates_comes_before_the_release_that_uses_it(shop: Shop, group: str) -> None:
    first = shop.planned(shop.own_chart("a", definition=of(group, DEFINITION)))
    assert shop.apply(first).outcome is Outcome.SUCCEEDED
    used = shop.planned(shop.own_chart("b", definition=of(group, DEFINITION), cache=of(group, RESOURCE)))
    assert used.unknown == ()
    assert shop.apply(used).outcome is Outcome.SUCCEEDED


def test_a_kind_that_an_upgrade_brings_in_crds_is_refused_at_plan(shop: Shop, group: str) -> None:
    assert shop.apply(shop.planned(shop.own_chart("a", settings=SETTINGS))).outcome is Outcome.SUCCEEDED
    target = shop.own_chart("b", settings=SETTINGS, crds_cache=of(group, DEFINITION), cache=of(group, RESOURCE))
    with pytest.raises(Refused, match=r"knows no .*/v1/Cache; .*with the first install only"):
        shop.planned(target)


def test_a_kind_that_a_chart_uses_beside_its_own_is_refused_at_plan(shop: Shop, group: str) -> None:
    another = of("elsewhere.example", RESOURCE)
    target = shop.own_chart("a", crds_cache=of(group, DEFINITION), cache=of(group, RESOURCE), another=another)
    with pytest.raises(Refused, match=r"Cache\.elsewhere\.example/.* install what defines it first"):
        shop.planned(target)


def test_templates_find_the_kinds_of_crds_and_the_cluster_as_an_install_does(shop: Shop, group: str) -> None:
    guarded = '{{- if .Capabilities.APIVersions.Has "GROUP/v1/Cache" }}\n' + RESOURCE + "{{- end }}\n"
    settings = SETTINGS.replace('.Values.colour | default "none"', ".Capabilities.KubeVersion.Version")
    plan = shop.planned(
        shop.own_chart("a", crds_cache=of(group, DEFINITION), cache=of(group, guarded), settings=settings)
    )
    assert plan.unknown == (f"Cache.{group}/flowmart/{shop.unit}",)
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    installed = shop.cluster.object("configmap", shop.unit, "-n", "flowmart")["data"]["colour"]
    assert installed == json.loads(shop.cluster.kubectl("get", "--raw", "/version"))["gitVersion"]


@pytest.mark.parametrize("kind", ["List", "ConfigMapList"])
def test_the_items_of_a_list_are_objects_of_the_release(shop: Shop, kind: str) -> None:
    items = "".join(
        f"- apiVersion: v1\n  kind: ConfigMap\n  metadata: {{name: {shop.unit}-{name}}}\n  data: {{a: b}}\n"
        for name in ("one", "two")
    )
    plan = shop.planned(shop.own_chart("a", listed=f"apiVersion: v1\nkind: {kind}\nitems:\n{items}"))
    assert [change.address for change in plan.changes] == [
        f"ConfigMap/flowmart/{shop.unit}-{name}" for name in ("one", "two")
    ]
    receipt = shop.receipt(plan, shop.apply(plan))
    shop.cluster.kubectl("delete", "configmap", f"{shop.unit}-two", "-n", "flowmart")
    assert [change.address for change in shop.drift(receipt).changes] == [f"ConfigMap/flowmart/{shop.unit}-two"]


def test_what_belongs_to_nobody_is_not_taken_over_by_a_chart_with_kinds_of_its_own(shop: Shop, group: str) -> None:
    target = shop.own_chart("a", crds_cache=of(group, DEFINITION), cache=of(group, RESOURCE), settings=SETTINGS)
    shop.cluster.kubectl("create", "configmap", shop.unit, "-n", "flowmart")
    with pytest.raises(Refused, match=f"ConfigMap/flowmart/{shop.unit} exists, and helm does not take over"):
        shop.planned(target)
    installed = shop.ran("install", shop.unit, str(shop.workspace(target).folder))
    assert "exists and cannot be imported into the current release" in installed.stderr
    shop.cluster.kubectl("delete", "configmap", shop.unit, "-n", "flowmart")
    assert shop.apply(shop.planned(target)).outcome is Outcome.SUCCEEDED
