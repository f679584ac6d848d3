"""The checks of what runs in a cluster, on a sandbox cluster: what is a wrong answer, and what is none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.checks import running
from tasks.checks.answers import Surroundings
from tasks.domain.outcome import CheckResult, Outcome
from tasks.domain.platform import Check
from tests.peers.tools import tool
from tests.servers.clusters import PROJECT, SandboxCluster

WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: flowmart}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}}}
      containers:
        - name: it
          securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
          image: "shop/it:{tag}"
          ports: [{{name: http, containerPort: 8080}}]
          resources: {{requests: {{cpu: "{cpu}"}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: flowmart}}
spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: http}}]}}
"""
WORKLOADS = {
    "good": ("1.0.0", "10m"),
    "pull": ("broken-pull", "10m"),
    "crash": ("broken-crash", "10m"),
    "unready": ("broken-ready", "10m"),
    "huge": ("1.0.0", "1000"),
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxCluster]:
    made = SandboxCluster(tmp_path_factory.mktemp("cluster"))
    access = str(PROJECT / "infrastructure/kubernetes/access")
    made.kubectl("apply", "--server-side", "--force-conflicts", "-k", access)
    manifests = [WORKLOAD.format(name=name, tag=tag, cpu=cpu) for name, (tag, cpu) in WORKLOADS.items()]
    made.kubectl("apply", "-f", "-", input="---".join(manifests))
    yield made
    made.stop()


def asked(
    cluster: SandboxCluster, kind: str, within: float = 30, variables: dict[str, str] | None = None, **options: Any
) -> CheckResult:
    around = Surroundings(
        client=lambda _: None,
        outputs={},
        folder=Path(),
        variables=cluster.variables("plan") if variables is None else variables,
    )
    return running.run(Check("it", kind, {"namespace": "flowmart", **options}, within=within, every=0.2), around)


def test_a_rollout_that_ends_passes(cluster: SandboxCluster) -> None:
    found = asked(cluster, "rollout", workload="deployment/good")
    assert (found.outcome, found.expected) == (Outcome.SUCCEEDED, "deployment/good in flowmart is rolled out")


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("pull", ["ImagePullBackOff", "events: "]),
        ("crash", ["CrashLoopBackOff (exit code 1", "last said: ", "BackOff"]),
        ("unready", ["Unhealthy"]),
        ("huge", ["Unschedulable", "FailedScheduling"]),
    ],
)
def test_a_rollout_that_does_not_end_says_why(cluster: SandboxCluster, name: str, reasons: list[str]) -> None:
    """Asked until all of the reason is there: a container crashes a few times before Kubernetes backs off."""
    found = asked(cluster, "rollout", within=0.1, workload=f"deployment/{name}")
    while any(reason not in found.found for reason in reasons):
        assert found.outcome is Outcome.FAILED
        found = asked(cluster, "rollout", within=0.5, workload=f"deployment/{name}")
    assert "0 of 1 pods" in found.found


def test_a_workload_that_is_not_there_is_a_wrong_answer(cluster: SandboxCluster) -> None:
    found = asked(cluster, "rollout", within=0.1, workload="deployment/nobody")
    assert (found.outcome, found.found) == (Outcome.FAILED, "it does not exist")


def test_ready_endpoints_are_counted(cluster: SandboxCluster) -> None:
    assert asked(cluster, "endpoints", service="good").outcome is Outcome.SUCCEEDED
    found = asked(cluster, "endpoints", within=0.1, service="good", at_least=2)
    assert (found.outcome, found.found) == (Outcome.FAILED, "1 of 1 ready")
    found = asked(cluster, "endpoints", within=0.1, service="unready")
    assert (found.outcome, found.found) == (Outcome.FAILED, "0 of 1 ready")


def test_a_service_that_is_not_there_is_a_wrong_answer(cluster: SandboxCluster) -> None:
    found = asked(cluster, "endpoints", within=0.1, service="nobody")
    assert (found.outcome, found.found) == (Outcome.FAILED, "there is no such service")
    assert asked(cluster, "service-http", within=0.1, service="nobody").outcome is Outcome.FAILED


def test_a_service_is_asked_through_the_api(cluster: SandboxCluster) -> None:
    found = asked(cluster, "service-http", service="good", path="/health/ready")
    assert (found.outcome, found.expected) == (Outcome.SUCCEEDED, "good:http/health/ready in flowmart answers 200")
    assert asked(cluster, "service-http", service="good", port=80).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("wrong", [{"status": 404}, {"contains": "no such text anywhere"}])
def test_another_answer_than_the_expected_one_is_wrong(cluster: SandboxCluster, wrong: dict[str, Any]) -> None:
    asked(cluster, "rollout", workload="deployment/good")
    found = asked(cluster, "service-http", within=0.1, service="good", **wrong)
    assert found.outcome is Outcome.FAILED
    assert found.found.startswith("status 200: ")


def test_a_service_that_nobody_stands_behind_is_a_wrong_answer(cluster: SandboxCluster) -> None:
    found = asked(cluster, "service-http", within=0.1, service="unready")
    assert found.outcome is Outcome.FAILED
    assert "no endpoints available" in found.found


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("rollout", {"workload": "deployment/good"}),
        ("endpoints", {"service": "good"}),
        ("service-http", {"service": "good"}),
    ],
)
def test_who_may_not_ask_gets_no_answer(cluster: SandboxCluster, kind: str, options: dict[str, Any]) -> None:
    stranger = {**cluster.variables("plan"), "KUBECONFIG": str(_of_a_stranger(cluster))}
    found = asked(cluster, kind, within=0.1, variables=stranger, **options)
    assert found.outcome is Outcome.UNANSWERED


def _of_a_stranger(cluster: SandboxCluster) -> Path:
    account = cluster.kubectl("get", "serviceaccount", "default", "-n", "default", "-o", "name").strip()
    token = cluster.kubectl("create", "token", account.partition("/")[2], "-n", "default").strip()
    path = cluster.kubeconfig.with_name("stranger")
    shown = cluster.kubeconfig.read_text()
    path.write_text(shown)
    named = ["--kubeconfig", str(path), "config", "set-credentials", "plan", f"--token={token}"]
    cluster.kubectl(*named)
    return path


def test_without_a_cluster_there_is_no_answer(cluster: SandboxCluster) -> None:
    found = asked(cluster, "rollout", within=0.1, variables={}, workload="deployment/good")
    assert found.outcome is Outcome.UNANSWERED
    assert "give the environment a cluster" in found.found


TESTED = """
apiVersion: v1
kind: Pod
metadata:
  name: {{{{ .Release.Name }}}}-asks
  annotations: {{helm.sh/hook: test, helm.sh/hook-delete-policy: before-hook-creation}}
spec:
  restartPolicy: Never
  securityContext: {{runAsNonRoot: true, runAsUser: 1000, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: ask
      image: "shop/curl:1"
      command: [curl, "http://{service}:80/"]
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"""


def found_by_tests(cluster: SandboxCluster, folder: Path, release: str, *templates: str) -> CheckResult:
    """What the check finds of a release of a chart with these templates."""
    (folder / release / "templates").mkdir(parents=True)
    (folder / release / "Chart.yaml").write_text(f"apiVersion: v2\nname: {release}\nversion: 1.0.0\n")
    for number, text in enumerate(templates):
        (folder / release / f"templates/{number}.yaml").write_text(text)
    variables = cluster.variables("apply")
    argv = [tool("helm"), "install", release, str(folder / release), "--namespace", "flowmart"]
    subprocess.run(argv, env={**os.environ, **variables}, check=True, timeout=120)
    around = Surroundings(
        client=lambda _: None,
        outputs={},
        folder=folder,
        variables=cluster.variables("plan"),
        writing=lambda: variables,
        helm=lambda: tool("helm"),
    )
    return running.run(Check("it", "helm-test", {"namespace": "flowmart", "release": release}, within=0), around)


def test_the_tests_of_a_release_decide(cluster: SandboxCluster, tmp_path: Path) -> None:
    asked(cluster, "rollout", workload="deployment/good")
    good = found_by_tests(cluster, tmp_path, "well", TESTED.format(service="good"))
    assert (good.outcome, good.found) == (Outcome.SUCCEEDED, "they do: well-asks")
    bad = found_by_tests(cluster, tmp_path, "badly", TESTED.format(service="unready"))
    assert bad.outcome is Outcome.FAILED
    assert "badly-asks: " in bad.found
    assert "exit code 1" in bad.found
    none = found_by_tests(cluster, tmp_path, "untested")
    assert (none.outcome, none.found) == (Outcome.FAILED, "the release has no tests")
