"""FlowMart's charts, rendered by the real helm 3 and 4 for every environment: what must be in there, what never."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tasks.cluster.objects import Manifest, parsed
from tasks.engines.helm import charts
from tests.peers.tools import tool

INFRASTRUCTURE = Path(__file__).parents[2] / "infrastructure"
CHARTS = INFRASTRUCTURE / "helm-charts"
SERVICES = ("storefront", "catalog", "cart", "orders", "payments")
ENVIRONMENTS = ("dev", "staging", "production")
HELMS = ("helm3", "helm")
EVERYWHERE = [(service, environment) for service in SERVICES for environment in ENVIRONMENTS]


def run(helm: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool(helm), *arguments], capture_output=True, text=True, timeout=60)


@cache
def rendered(helm: str, service: str, environment: str) -> dict[str, Manifest]:
    """The objects of a service in an environment, as "Kind/name"."""
    with whole(service) as chart:
        values = str(CHARTS / service / f"values/{environment}.yaml")
        finished = run(helm, "template", service, str(chart), "--namespace", "flowmart", "--values", values)
    assert finished.returncode == 0, finished.stderr
    found = parsed(finished.stdout, service)
    return {f"{about.kind}/{about.name}": manifest for about, manifest in found.items()}


class whole:  # noqa: N801 - reads as a verb
    """A service's chart with the library in place, in a temporary folder."""

    def __init__(self, service: str) -> None:
        self._service, self._folder = service, TemporaryDirectory(prefix="flowmart-chart-")

    def __enter__(self) -> Path:
        return charts.assemble(CHARTS / self._service, Path(self._folder.name))

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def pods(objects: dict[str, Manifest]) -> Iterator[dict[str, Any]]:
    """The specs of all pods that the objects make, those of the tests too."""
    for manifest in objects.values():
        if manifest["kind"] == "Deployment":
            yield manifest["spec"]["template"]["spec"]
        elif manifest["kind"] == "Pod":
            yield manifest["spec"]


def test_every_chart_is_a_service_of_the_library() -> None:
    charts = sorted(file.parent.name for file in CHARTS.glob("*/Chart.yaml"))
    assert charts == sorted([*SERVICES, "flowmart", "flowmart-service", "log-shipper", "monitoring-stack"])
    templates = {(CHARTS / service / "templates/service.yaml").read_text() for service in SERVICES}
    assert templates == {'{{ include "flowmart-service.objects" . }}\n'}


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("service", SERVICES)
def test_helm_has_nothing_to_say_against_it(helm: str, service: str) -> None:
    with whole(service) as chart:
        for environment in ENVIRONMENTS:
            finished = run(
                helm, "lint", "--strict", str(chart), "--values", str(chart / f"values/{environment}.yaml")
            )
            assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize(("service", "environment"), EVERYWHERE)
def test_helm_3_and_4_render_the_same(service: str, environment: str) -> None:
    assert rendered("helm3", service, environment) == rendered("helm", service, environment)


@pytest.mark.parametrize(("service", "environment"), EVERYWHERE)
def test_no_pod_is_root_writes_its_image_or_goes_without_limits(service: str, environment: str) -> None:
    for pod in pods(rendered("helm", service, environment)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert not container["image"].endswith((":latest", ":"))


@pytest.mark.parametrize(("service", "environment"), EVERYWHERE)
def test_every_service_is_probed_and_drains_before_it_stops(service: str, environment: str) -> None:
    (container,) = rendered("helm", service, environment)[f"Deployment/{service}"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert {"startupProbe", "livenessProbe", "readinessProbe", "lifecycle"} <= set(container)


@pytest.mark.parametrize("service", SERVICES)
def test_with_an_autoscaler_the_chart_leaves_the_number_of_pods_alone(service: str) -> None:
    objects = rendered("helm", service, "production")
    assert f"HorizontalPodAutoscaler/{service}" in objects
    assert "replicas" not in objects[f"Deployment/{service}"]["spec"]
    assert f"PodDisruptionBudget/{service}" in objects


@pytest.mark.parametrize("service", SERVICES)
def test_a_single_pod_has_no_disruption_budget_that_would_block_a_drain(service: str) -> None:
    objects = rendered("helm", service, "dev")
    assert objects[f"Deployment/{service}"]["spec"]["replicas"] == 1
    assert f"PodDisruptionBudget/{service}" not in objects


def test_only_the_storefront_is_reached_from_outside() -> None:
    outside = {s for s in SERVICES if any(name.startswith("Ingress/") for name in rendered("helm", s, "production"))}
    assert outside == {"storefront"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_whoever_calls_a_service_is_let_in_by_it(environment: str) -> None:
    policies = {s: rendered("helm", s, environment)[f"NetworkPolicy/{s}"]["spec"] for s in SERVICES}
    calls = {
        (s, called)
        for s, policy in policies.items()
        for rule in policy.get("egress", ())
        for called in _names(rule["to"])
    }
    lets_in = {
        (caller, s) for s, policy in policies.items() for rule in policy["ingress"] for caller in _names(rule["from"])
    }
    assert calls
    assert calls == lets_in


def _names(peers: list[dict[str, Any]]) -> list[str]:
    labels = [peer.get("podSelector", {}).get("matchLabels", {}) for peer in peers]
    return [label["app.kubernetes.io/name"] for label in labels if "app.kubernetes.io/name" in label]


@pytest.mark.parametrize(("service", "environment"), EVERYWHERE)
def test_nothing_secret_is_rendered(service: str, environment: str) -> None:
    assert not [name for name in rendered("helm", service, environment) if name.startswith("Secret/")]


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"image": {"tag": "latest"}}, "tag"),
        # Of a name that is wrong, helm 4 tells the name but a random place.
        ({"env": {"DATABASE_PASSWORD": "hunter2"}}, "DATABASE_PASSWORD"),
        ({"env": {"lower": "x"}}, "lower"),
        ({"colour": "red"}, "colour"),
        ({"replicas": -1}, "replicas"),
        ({"port": 80}, "port"),
        ({"resources": {"limits": {"memory": "much"}}}, "memory"),
        ({"ingress": {"enabled": True, "host": ""}}, "host"),
        ({"network": {"external": [{"cidr": "everywhere", "ports": [1]}]}}, "cidr"),
    ],
)
def test_values_that_are_wrong_are_refused(helm: str, wrong: dict[str, Any], named: str) -> None:
    with whole("cart") as chart:
        given = ("--set-json", f"service={json.dumps(wrong)}")
        finished = run(helm, "template", "cart", str(chart), *given)
    assert finished.returncode != 0
    assert "schema" in finished.stderr
    assert named in finished.stderr
