"""Structure, defaults and rules of objects, without a server."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from deployments.sandbox.kubernetes.admission import defaults, rules, structure
from deployments.sandbox.kubernetes.quantities import canonical, quantity, written
from deployments.sandbox.kubernetes.resources import Object, built_in
from deployments.sandbox.kubernetes.status import ApiError


def completed(kind: str, **content: Any) -> Object:
    resource = built_in(kind)
    item = {"apiVersion": resource.api_version, "kind": kind, "metadata": {"name": "it"}, **content}
    defaults.fill_in(item, resource)
    return item


def deployment(**container: Any) -> Object:
    labels = {"app": "it"}
    pod = {"containers": [{"name": "web", "image": "web:1", **container}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return completed("Deployment", spec={"selector": {"matchLabels": labels}, "template": template})


def problems(item: Object) -> list[str]:
    with pytest.raises(ApiError) as refused:
        rules.require_valid(item, built_in(item["kind"]))
    return [cause["field"] for cause in refused.value.details["causes"]]


def test_a_deployment_gets_what_it_leaves_out() -> None:
    """/docs/reference/kubernetes-api/workload-resources/deployment-v1/ says "Defaults to" of each."""
    spec = deployment()["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert spec["template"]["spec"]["restartPolicy"] == "Always"


@pytest.mark.parametrize(
    ("image", "policy"),
    [("web:1", "IfNotPresent"), ("web", "Always"), ("web:latest", "Always"), ("host:5000/web", "Always")],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    """/docs/concepts/containers/images/#imagepullpolicy-defaulting"""
    [container] = deployment(image=image)["spec"]["template"]["spec"]["containers"]
    assert container["imagePullPolicy"] == policy


def test_limits_are_requests_where_those_are_missing_in_pods_and_not_in_templates() -> None:
    """/docs/concepts/configuration/manage-resources-containers/"""
    limited = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}}
    pod = completed("Pod", spec={"containers": [{"name": "web", "image": "web:1", "resources": limited}]})
    assert pod["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "100m", "memory": "1Gi"}
    [container] = deployment(resources=limited)["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == limited


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        *[
            ("2000m", "2"),
            ("1500m", "1500m"),
            (2, "2"),
            ("0.5", "500m"),
            ("0", "0"),
            ("1000k", "1M"),
            ("100n", "100n"),
        ],
        *[("2048Mi", "2Gi"), ("1.5Gi", "1536Mi"), ("1000Mi", "1000Mi"), ("2e9", "2e9"), ("lots", "lots")],
    ],
)
def test_a_quantity_is_kept_in_its_canonical_form(written: Any, kept: str) -> None:
    assert canonical(written) == kept


def test_what_is_empty_is_not_kept_unless_the_api_keeps_it() -> None:
    """k8s.io/api/core/v1/types.go: `omitempty`, and no pointer."""
    spec = {"hostNetwork": False, "automountServiceAccountToken": False, "volumes": [{"name": "a", "emptyDir": {}}]}
    container = {"name": "web", "image": "web:1", "env": [{"name": "A", "value": ""}], "command": []}
    pod = completed("Pod", spec={**spec, "containers": [container], "nodeSelector": {}})["spec"]
    assert {"hostNetwork", "nodeSelector"}.isdisjoint(pod)
    assert (pod["automountServiceAccountToken"], pod["volumes"]) == (False, [{"name": "a", "emptyDir": {}}])
    assert (pod["containers"][0]["env"], "command" in pod["containers"][0]) == ([{"name": "A"}], False)


def test_string_data_becomes_data() -> None:
    assert completed("Secret", stringData={"a": "b"})["data"] == {"a": "Yg=="}


def test_unknown_fields_are_dropped_warned_of_or_refused() -> None:
    """/docs/reference/using-api/api-concepts/#setting-the-field-validation-level"""
    resource = built_in("Deployment")
    kept, findings = structure.pruned({"spec": {"replica": 1, "replicas": 2}}, resource)
    assert kept == {"spec": {"replicas": 2}}
    assert structure.check(findings, resource, "Ignore") == []
    assert structure.check(findings, resource, "Warn") == ['unknown field "spec.replica"']
    with pytest.raises(ApiError, match="strict decoding error: unknown field"):
        structure.check(findings, resource, "Strict")


@pytest.mark.parametrize("value", ["2", True, 1.5, {}])
def test_a_value_of_the_wrong_type_is_refused_at_every_level(value: Any) -> None:
    _, findings = structure.pruned({"spec": {"replicas": value}}, built_in("Deployment"))
    with pytest.raises(ApiError, match="of type integer"):
        structure.check(findings, built_in("Deployment"), "Ignore")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    item = deployment(name="Web")
    item["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    item["spec"]["replicas"] = -1
    assert sorted(problems(item)) == [
        "spec.replicas",
        "spec.template.metadata.labels",
        "spec.template.spec.containers[0].name",
    ]


WRONG: list[tuple[Object, str]] = [
    (completed("Service", spec={"ports": [{"port": 0}]}), "spec.ports[0].port"),
    (completed("Service", spec={"ports": [{"port": 80}, {"port": 81}]}), "spec.ports[0].name"),
    (deployment(ports=[{"containerPort": 70000}]), "spec.template.spec.containers[0].ports[0].containerPort"),
    (
        deployment(volumeMounts=[{"name": "x", "mountPath": "/x"}]),
        "spec.template.spec.containers[0].volumeMounts[0].name",
    ),
    (deployment(resources={"limits": {"cpu": "a lot"}}), "spec.template.spec.containers[0].resources.limits.cpu"),
    (
        deployment(resources={"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}),
        "spec.template.spec.containers[0].resources.requests",
    ),
    (deployment(readinessProbe={"periodSeconds": 1}), "spec.template.spec.containers[0].readinessProbe"),
    (
        completed(
            "Ingress", spec={"rules": [{"http": {"paths": [{"path": "x", "pathType": "Prefix", "backend": {}}]}}]}
        ),
        "spec.rules[0].http.paths[0].path",
    ),
    (
        completed(
            "HorizontalPodAutoscaler",
            spec={"maxReplicas": 1, "minReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "it"}},
        ),
        "spec.maxReplicas",
    ),
    (completed("ConfigMap", metadata={"name": "Upper"}), "metadata.name"),
    (completed("ConfigMap", metadata={"name": "it", "labels": {"a": "b c"}}), "metadata.labels"),
]


@pytest.mark.parametrize(("item", "field"), WRONG, ids=[field for _, field in WRONG])
def test_what_is_wrong_is_told_with_its_path(item: Object, field: str) -> None:
    assert field in problems(item)


def test_a_good_deployment_is_accepted() -> None:
    rules.require_valid(deployment(), built_in("Deployment"))


QUANTITIES = [
    ("250m", "0.25"),
    ("1", "1"),
    ("1.5", "1.5"),
    ("1Ki", "1024"),
    ("128Mi", "134217728"),
    ("2k", "2000"),
    ("1e3", "1000"),
]


@pytest.mark.parametrize(("text", "number"), QUANTITIES)
def test_quantities(text: str, number: str) -> None:
    """/docs/reference/kubernetes-api/common-definitions/quantity/"""
    assert quantity(text) == Decimal(number)
    assert quantity(written(quantity(text))) == quantity(text)
