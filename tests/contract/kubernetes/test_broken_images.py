"""Pods that do not come up, and what can be found out about why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.kubernetes.conftest import Console, deployment

STATE = "jsonpath={.status.containerStatuses[0].state.waiting.reason}"


def only_pod(console: Console, namespace: str) -> Any:
    return console.get("pods", "-l", "app=web", "-n", namespace)["items"][0]


def put(console: Console, namespace: str, image: str, reason: str, **spec: Any) -> Any:
    """Apply a deployment of one pod, and wait for its container to wait for that reason."""
    console.apply(deployment(image=image, replicas=1, **spec), options=("-n", namespace))
    console.kubectl(
        "wait", "deployment/web", "-n", namespace, "--for", "jsonpath={.status.replicas}=1", "--timeout", "10s"
    )
    console.kubectl("wait", "pod", "-l", "app=web", "-n", namespace, "--for", f"{STATE}={reason}", "--timeout", "10s")
    return only_pod(console, namespace)


def events(console: Console, namespace: str) -> str:
    return console.kubectl(
        "get", "events", "-n", namespace, "-o", "jsonpath={range .items[*]}{.reason}: {.message}\n{end}"
    )


def test_an_image_that_cannot_be_pulled(console: Console, namespace: str) -> None:
    pod = put(console, namespace, "registry.example/web:broken-pull-1", "ImagePullBackOff")
    assert pod["status"]["phase"] == "Pending"
    assert 'Failed to pull image "registry.example/web:broken-pull-1"' in events(console, namespace)
    waiting = console.kubectl("logs", "deployment/web", "-n", namespace, fails=True)
    assert "is waiting to start: " in waiting


def test_a_container_that_crashes_is_started_again_and_leaves_its_last_lines(
    console: Console, namespace: str
) -> None:
    pod = put(console, namespace, "registry.example/web:broken-crash", "CrashLoopBackOff")
    last = pod["status"]["containerStatuses"][0]["lastState"]
    assert last == {} or last["terminated"]["exitCode"] == 1
    console.kubectl(
        "wait",
        "pod",
        "-l",
        "app=web",
        "-n",
        namespace,
        "--timeout",
        "10s",
        "--for",
        "jsonpath={.status.containerStatuses[0].restartCount}=2",
    )
    assert only_pod(console, namespace)["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1
    assert "giving up" in console.kubectl("logs", "deployment/web", "-n", namespace, "--previous", "--tail", "1")
    assert "Back-off restarting failed container" in events(console, namespace)


def test_a_container_that_is_never_ready_runs(console: Console, namespace: str) -> None:
    console.apply(deployment(image="registry.example/web:broken-ready", replicas=1), options=("-n", namespace))
    console.kubectl(
        "wait",
        "pod",
        "-l",
        "app=web",
        "-n",
        namespace,
        "--for",
        "jsonpath={.status.phase}=Running",
        "--timeout",
        "10s",
    )
    console.kubectl(
        "wait", "pod", "-l", "app=web", "-n", namespace, "--for", "condition=Ready", "--timeout", "1s", fails=True
    )
    assert "Readiness probe failed" in events(console, namespace)


def test_a_pod_that_no_node_has_room_for(console: Console, namespace: str) -> None:
    wanted = deployment(replicas=1)
    wanted["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100"}}
    console.apply(wanted, options=("-n", namespace))
    console.kubectl(
        "wait", "pod", "-l", "app=web", "-n", namespace, "--for", "condition=PodScheduled=False", "--timeout", "10s"
    )
    assert "0/2 nodes are available: 2 Insufficient cpu" in events(console, namespace)


def test_a_missing_secret_is_named_and_its_arrival_mends_the_pod(console: Console, namespace: str) -> None:
    wanted = deployment(replicas=1)
    wanted["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": "database"}}]
    console.apply(wanted, options=("-n", namespace))
    console.kubectl(
        "wait", "deployment/web", "-n", namespace, "--for", "jsonpath={.status.replicas}=1", "--timeout", "10s"
    )
    console.kubectl(
        "wait",
        "pod",
        "-l",
        "app=web",
        "-n",
        namespace,
        "--for",
        f"{STATE}=CreateContainerConfigError",
        "--timeout",
        "10s",
    )
    assert 'Error: secret "database" not found' in events(console, namespace)
    console.kubectl("create", "secret", "generic", "database", "--from-literal=url=x", "-n", namespace)
    console.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout", "10s")


def test_a_rollout_that_gets_nowhere_says_so_in_time(console: Console, namespace: str) -> None:
    put(console, namespace, "registry.example/web:broken-pull-1", "ImagePullBackOff", progressDeadlineSeconds=1)
    told = console.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout", "20s", fails=True)
    assert "exceeded its progress deadline" in told


@pytest.mark.parametrize(("image", "condition"), [("job:1", "complete"), ("job:broken-crash", "failed")])
def test_a_job_ends_as_its_image_says(console: Console, namespace: str, image: str, condition: str) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "job", "image": image}]}
    spec = {"backoffLimit": 1, "template": {"spec": pod}}
    console.apply(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"}, "spec": spec},
        options=("-n", namespace),
    )
    console.kubectl("wait", "job/job", "-n", namespace, "--for", f"condition={condition}", "--timeout", "20s")
