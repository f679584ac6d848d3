"""What a plan of a chart foretells: what helm makes of its files, and what the cluster says to the result."""

from __future__ import annotations

import base64
import random
import uuid

import pytest

from tasks.domain.errors import Refused, StalePlan
from tasks.domain.outcome import Outcome
from tasks.domain.plan import Action, Plan
from tasks.domain.release import Inputs
from tasks.domain.values import UNKNOWN
from tests.platforms.helm_shop import Shop

SETTINGS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data:
  colour: {{ .Values.colour | default "none" | quote }}
"""
RANDOM = SETTINGS + "  token: {{ randAlphaNum 12 | quote }}\n"
NAMED_ANEW = SETTINGS.replace("name: {{ .Release.Name }},", "name: {{ .Release.Name }}-{{ randAlphaNum 8 | lower }},")
VALUES = SETTINGS + "  all: {{ .Values.all | toJson | quote }}\n"
LOOKED_UP = SETTINGS + (
    '  seen: {{ (lookup "v1" "ConfigMap" "flowmart" (printf "%s-seen" .Release.Name)).data | toJson | quote }}\n'
)
KEPT = SETTINGS.replace("metadata: {", "metadata: {annotations: {helm.sh/resource-policy: keep}, ").replace(
    "{{ .Release.Name }}", "{{ .Release.Name }}-kept"
)
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  replicas: 1
  STRATEGY
  selector: {matchLabels: {app: SELECTED}}
  template:
    metadata: {labels: {app: SELECTED}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: main
          image: shop/cart:1.0.0
          resources: {limits: {memory: 64Mi, cpu: 100m}, requests: {memory: 64Mi, cpu: 10m}}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
ROLLING = "strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 2, maxUnavailable: 1}}"
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec: {selector: {app: x}, ports: [{port: PORT}]}
"""
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: NAMEs.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {kind: Voucher, plural: NAMEs, singular: NAME, listKind: VoucherList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {FIELD: {type: string}}}}}
"""


def web(selected: str = "one", strategy: str = "paused: false") -> str:
    return WEB.replace("SELECTED", selected).replace("STRATEGY", strategy)


def data(shop: Shop, name: str = "") -> dict[str, str]:
    found: dict[str, str] = shop.cluster.object("configmap", name or shop.unit, "-n", "flowmart")["data"]
    return found


def actions(plan: Plan) -> list[tuple[str, Action]]:
    return [(change.address.rpartition("/")[2], change.action) for change in plan.changes]


def test_helm_itself_reads_the_values_files(shop: Shop) -> None:
    values = "all: {window: 22:30, duration: 1:20:30, since: 2026-01-31, mode: 0644, big: 1e3}\n"
    target = shop.own_chart("a", dev_values=values, settings=VALUES)
    plan = shop.engine(target).plan(Inputs({"namespace": "flowmart", "values": {"all": {"more": "22:30"}}}))
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert data(shop)["all"] == (
        '{"big":1000,"duration":"1:20:30","mode":420,"more":"22:30","since":"2026-01-31","window":"22:30"}'
    )


def test_a_value_that_is_another_one_each_time_is_unknown_and_the_plan_is_always_the_same(shop: Shop) -> None:
    target = shop.own_chart("a", settings=RANDOM)
    earlier, plan = shop.planned(target, colour="red"), shop.planned(target, colour="red")
    assert earlier.digest == plan.digest
    assert plan.unknown == (f"ConfigMap/flowmart/{shop.unit}",)
    assert plan.changes[0].after is not None
    assert plan.changes[0].after["data"] == {"colour": "red", "token": UNKNOWN}
    assert "renders differently each time" in plan.warnings[0]
    receipt = shop.receipt(plan, shop.apply(plan))
    assert shop.engine(target).verify().outcome is Outcome.SUCCEEDED
    assert shop.drift(receipt).empty
    again = shop.planned(shop.own_chart("b", settings=RANDOM), colour="blue")
    assert shop.apply(again).outcome is Outcome.SUCCEEDED
    back = shop.rollback(again.target, receipt)
    assert shop.apply(back).outcome is Outcome.SUCCEEDED
    assert data(shop)["colour"] == "red"


def test_an_object_that_is_named_anew_each_time_can_be_applied(shop: Shop) -> None:
    target = shop.own_chart("a", settings=NAMED_ANEW)
    earlier, plan = shop.planned(target), shop.planned(target)
    assert plan.unknown == ("v1/ConfigMap, named anew each time",)
    assert earlier.digest == plan.digest
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED


def test_a_chart_that_renders_to_something_else_than_planned_is_not_applied(shop: Shop) -> None:
    plan = shop.planned(shop.own_chart("a", settings=LOOKED_UP))
    seen = f"{shop.unit}-seen"
    shop.cluster.kubectl("create", "configmap", seen, "-n", "flowmart", "--from-literal=a=b")
    try:
        with pytest.raises(
            StalePlan, match=f"renders to something else .* ConfigMap/flowmart/{shop.unit}; plan again"
        ):
            shop.apply(plan)
    finally:
        shop.cluster.kubectl("delete", "configmap", seen, "-n", "flowmart")
    assert shop.cluster.kubectl("get", "configmap", shop.unit, "-n", "flowmart", "--ignore-not-found") == ""


def test_a_field_that_cannot_change_is_refused_at_plan(shop: Shop) -> None:
    shop.apply(shop.planned(shop.own_chart("a", web=web())))
    told = "field is immutable; helm cannot replace it: give it another name"
    with pytest.raises(Refused, match=f"could not rehearse Deployment/flowmart/{shop.unit} .* {told}"):
        shop.planned(shop.own_chart("b", web=web("two")))


def test_what_helm_takes_away_is_gone_in_the_rehearsal_too(shop: Shop) -> None:
    shop.apply(shop.planned(shop.own_chart("a", web=web(strategy=ROLLING))))
    plan = shop.planned(shop.own_chart("b", web=web(strategy="strategy: {type: Recreate}")))
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    strategy = shop.cluster.object("deployment", shop.unit, "-n", "flowmart")["spec"]["strategy"]
    assert strategy == {"type": "Recreate"}


@pytest.mark.parametrize("before", ["", "80"])
def test_what_the_cluster_would_refuse_is_refused_at_plan(shop: Shop, before: str) -> None:
    if before:
        shop.apply(shop.planned(shop.own_chart("a", service=SERVICE.replace("PORT", before))))
    with pytest.raises(Refused, match=r"could not rehearse Service/.*spec\.ports\[0\]\.port"):
        shop.planned(shop.own_chart("b", service=SERVICE.replace("PORT", "99999")))


def test_an_object_that_a_chart_declares_twice_is_refused_where_helm_cannot_create_it(shop: Shop) -> None:
    target = shop.own_chart("a", settings=SETTINGS, again=SETTINGS)
    about = f"ConfigMap/flowmart/{shop.unit}"
    if shop.unit.endswith("helm3"):
        with pytest.raises(Refused, match=f"{about}: the chart declares it twice, and helm 3 cannot create it twice"):
            shop.planned(target)
        return
    plan = shop.planned(target)
    assert f"{about}: the chart declares it more than once; the last one counts" in plan.warnings
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED


def test_a_release_that_no_secret_could_hold_is_refused_at_plan(shop: Shop) -> None:
    target = shop.own_chart("a", settings=SETTINGS)
    large = base64.b64encode(random.Random(1).randbytes(900_000)).decode()  # noqa: S311
    (shop.workspace(target).folder / "large.txt").write_text(large)
    with pytest.raises(Refused, match=r"record of the release would have 1\.5 MiB, and a Secret holds 1 MiB"):
        shop.planned(target)


def test_what_says_that_it_stays_is_not_planned_to_go(shop: Shop) -> None:
    shop.apply(shop.planned(shop.own_chart("a", settings=SETTINGS, kept=KEPT)))
    plan = shop.planned(shop.own_chart("b", settings=SETTINGS), colour="red")
    assert actions(plan) == [(shop.unit, Action.UPDATE)]
    assert f"ConfigMap/flowmart/{shop.unit}-kept stays: it says helm.sh/resource-policy: keep" in plan.warnings
    assert shop.apply(plan).outcome is Outcome.SUCCEEDED
    assert data(shop, f"{shop.unit}-kept") == {"colour": "none"}
    shop.cluster.kubectl("delete", "configmap", f"{shop.unit}-kept", "-n", "flowmart")


def test_a_plan_says_what_becomes_of_definitions_in_crds(shop: Shop) -> None:
    shop.reader = shop.writer = "admin"
    name = f"v{uuid.uuid4().hex[:8]}"

    def definition(group: str, field: str = "code") -> str:
        return DEFINITION.replace("NAME", name).replace("GROUP", group).replace("FIELD", field)

    first = shop.planned(shop.own_chart("a", crds_one=definition("one.example"), settings=SETTINGS))
    one, two = f"{name}s.one.example", f"{name}s.two.example"
    assert actions(first) == [(one, Action.CREATE), (shop.unit, Action.CREATE)]
    assert shop.apply(first).outcome is Outcome.SUCCEEDED
    changed = {"crds_one": definition("one.example", "other"), "crds_two": definition("two.example")}
    upgrade = shop.planned(shop.own_chart("b", settings=SETTINGS, **changed), colour="red")
    assert actions(upgrade) == [(shop.unit, Action.UPDATE)]
    assert f"CustomResourceDefinition/{one} differs from the chart's crds/" in "\n".join(upgrade.warnings)
    assert f"CustomResourceDefinition/{two} of crds/ is not in the cluster" in "\n".join(upgrade.warnings)
    shop.cluster.kubectl("delete", "crd", one)


def test_a_release_whose_history_alone_was_kept_is_installed_anew(shop: Shop) -> None:
    shop.reader = shop.writer = "admin"
    name = f"v{uuid.uuid4().hex[:8]}"
    text = DEFINITION.replace("NAME", name).replace("GROUP", "anew.example").replace("FIELD", "code")
    target, defined = shop.own_chart("a", crds_one=text, settings=SETTINGS), f"{name}s.anew.example"
    assert shop.apply(shop.planned(target)).outcome is Outcome.SUCCEEDED
    shop.helm("uninstall", shop.unit, "--keep-history", "--wait")
    shop.cluster.kubectl("delete", "crd", defined)

    again = shop.planned(target)
    assert actions(again) == [(defined, Action.CREATE), (shop.unit, Action.CREATE)]
    assert shop.apply(again).outcome is Outcome.SUCCEEDED
    assert data(shop) == {"colour": "none"}
    shop.cluster.kubectl("delete", "crd", defined)


def test_definitions_of_a_dependency_that_is_turned_off_are_not_planned(shop: Shop) -> None:
    shop.reader = shop.writer = "admin"
    name = f"v{uuid.uuid4().hex[:8]}"
    target = shop.own_chart("a", settings=SETTINGS)
    chart = shop.workspace(target).folder
    part = "apiVersion: v2\nname: part\nversion: 1.0.0\n"
    listed = "dependencies: [{name: part, version: 1.0.0, condition: part.enabled}]\n"
    (chart / "charts/part/crds").mkdir(parents=True)
    (chart / "charts/part/Chart.yaml").write_text(part)
    (chart / "Chart.yaml").write_text(f"{(chart / 'Chart.yaml').read_text()}{listed}")
    text = DEFINITION.replace("NAME", name).replace("GROUP", "part.example").replace("FIELD", "code")
    (chart / "charts/part/crds/one.yaml").write_text(text)
    assert actions(shop.planned(target, part={"enabled": False})) == [(shop.unit, Action.CREATE)]
    on = shop.planned(target, part={"enabled": True})
    assert actions(on) == [(f"{name}s.part.example", Action.CREATE), (shop.unit, Action.CREATE)]
