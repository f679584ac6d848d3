"""The real helm 3 and helm 4 against the sandbox's cluster: one story, told by both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.kubernetes.conftest import Console

CHART = Path(__file__).with_name("chart")
WAIT = ("--wait", "--timeout", "30s")


@pytest.fixture(params=["helm3", "helm"])
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def release(console: Console, namespace: str, program: str) -> Iterator[str]:
    """The chart, installed; its definitions go with the test, as helm never deletes them."""
    console.helm(program, "install", "demo", str(CHART), "-n", namespace, *WAIT)
    yield "demo"
    console.kubectl("delete", "crd", "backups.demo.example")
    for kind in ("clusterrole", "clusterrolebinding"):
        console.kubectl("delete", kind, f"{namespace}-operator", "--ignore-not-found")


def revisions(console: Console, program: str, namespace: str) -> list[tuple[int, str]]:
    history = json.loads(console.helm(program, "history", "demo", "-n", namespace, "-o", "json"))
    return [(row["revision"], row["status"]) for row in history]


def image(console: Console, namespace: str) -> str:
    found = console.get("deployment", "operator", "-n", namespace)
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def test_install_makes_everything_and_waits_until_it_is_ready(
    console: Console, program: str, namespace: str, release: str
) -> None:
    assert revisions(console, program, namespace) == [(1, "deployed")]
    assert console.get("deployment", "operator", "-n", namespace)["status"]["readyReplicas"] == 1
    assert console.get("statefulset", "cache", "-n", namespace)["status"]["readyReplicas"] == 1
    assert console.get("pvc", "data-cache-0", "-n", namespace)["status"]["phase"] == "Bound"
    assert console.get("backup", "nightly", "-n", namespace)["spec"]["copies"] == 1
    manifest = console.helm(program, "get", "manifest", release, "-n", namespace)
    assert "kind: Backup" in manifest


def test_hooks_run_before_and_are_deleted_as_they_ask(
    console: Console, program: str, namespace: str, release: str
) -> None:
    console.kubectl("get", "job", "migrate", "-n", namespace, fails=True)
    assert console.get("configmap", "migrate", "-n", namespace)["data"] == {"revision": "1"}
    console.helm(program, "upgrade", release, str(CHART), "-n", namespace, *WAIT)
    assert console.get("configmap", "migrate", "-n", namespace)["data"] == {"revision": "2"}


def test_a_failed_hook_fails_the_upgrade_before_anything_is_changed(
    console: Console, program: str, namespace: str, release: str
) -> None:
    broken = ("--set", "migrate=registry.example/migrate:broken-crash", "--set", "image=registry.example/operator:2")
    told = console.helm(program, "upgrade", release, str(CHART), "-n", namespace, *broken, *WAIT, fails=True)
    assert "pre-upgrade hooks failed" in told
    assert image(console, namespace) == "registry.example/operator:1"
    assert revisions(console, program, namespace) == [(1, "deployed"), (2, "failed")]


def test_an_upgrade_to_a_broken_image_fails_and_the_rollback_takes_the_good_pods_up_again(
    console: Console, program: str, namespace: str, release: str
) -> None:
    two = ("--set", "image=registry.example/operator:2", "--set", "cache.enabled=false")
    console.helm(program, "upgrade", release, str(CHART), "-n", namespace, *two, *WAIT)
    assert image(console, namespace) == "registry.example/operator:2"
    console.kubectl("get", "statefulset", "cache", "-n", namespace, fails=True)
    three = ("--set", "image=registry.example/operator:broken-pull-3", "--wait", "--timeout", "3s")
    console.helm(program, "upgrade", release, str(CHART), "-n", namespace, *three, fails=True)
    console.helm(program, "rollback", release, "1", "-n", namespace, *WAIT)
    assert image(console, namespace) == "registry.example/operator:1"
    assert console.get("statefulset", "cache", "-n", namespace)["status"]["readyReplicas"] == 1
    assert [status for _, status in revisions(console, program, namespace)] == [
        "superseded",
        "superseded",
        "failed",
        "deployed",
    ]
    console.kubectl("rollout", "status", "deployment/operator", "-n", namespace, "--timeout", "10s")


def test_the_charts_test_fails_when_nothing_is_behind_the_service(
    console: Console, program: str, namespace: str, release: str
) -> None:
    console.helm(program, "test", release, "-n", namespace)
    console.kubectl("scale", "deployment/operator", "-n", namespace, "--replicas", "0")
    console.kubectl("wait", "pod", "-l", "app=operator", "-n", namespace, "--for", "delete", "--timeout", "10s")
    console.helm(program, "test", release, "-n", namespace, fails=True)


def test_uninstall_leaves_nothing_but_the_definitions(
    console: Console, program: str, namespace: str, release: str
) -> None:
    console.helm(program, "uninstall", release, "-n", namespace, *WAIT)
    console.kubectl("wait", "pod", "-l", "app=operator", "-n", namespace, "--for", "delete", "--timeout", "10s")
    left = console.kubectl("get", "all,backups,secrets,pods", "-n", namespace, "-o", "name")
    assert left.split() == []
    assert "backups.demo.example" in console.kubectl("get", "crd", "-o", "name")


def test_a_first_install_that_fails_can_be_repeated_after_an_uninstall(
    console: Console, program: str, namespace: str, tmp_path: Path
) -> None:
    console.helm("helm", "create", str(tmp_path / "plain"))
    install = ("install", "plain", str(tmp_path / "plain"), "-n", namespace)
    console.helm(program, *install, "--set", "image.tag=broken-crash", "--wait", "--timeout", "3s", fails=True)
    failed = json.loads(console.helm(program, "history", "plain", "-n", namespace, "-o", "json"))
    assert [row["status"] for row in failed] == ["failed"]
    console.helm(program, "uninstall", "plain", "-n", namespace, "--wait")
    console.helm(program, *install, *WAIT)
