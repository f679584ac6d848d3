"""The sandbox's clusters are killed, and are what they were when they come back."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.sandbox import kubernetes as clusters
from tests.contract.kubernetes.conftest import Console, Server, config, deployment


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, which it may kill."""
    started = Server(tmp_path, ("dev",))
    started.start()
    yield started
    started.end()


def test_a_killed_server_has_lost_nothing_that_it_confirmed(own_server: Server, tmp_path: Path) -> None:
    console = Console(clusters.path_of(own_server.state, "dev"), tmp_path)
    console.apply(deployment(), options=("-n", "default"))
    console.kubectl("rollout", "status", "deployment/web", "--timeout", "20s")
    console.helm("helm", "create", str(tmp_path / "plain"))
    console.helm("helm", "install", "plain", str(tmp_path / "plain"), "--wait", "--timeout", "20s")
    pods = console.kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.uid}")
    console.apply(config(a="1"))
    own_server.end(signal.SIGKILL)
    own_server.start()
    assert console.get("configmap", "settings")["data"] == {"a": "1"}
    assert console.kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.uid}") == pods
    console.helm(
        "helm", "upgrade", "plain", str(tmp_path / "plain"), "--set", "image.tag=2", "--wait", "--timeout", "20s"
    )
    console.kubectl("set", "image", "deployment/web", "web=registry.example/web:2")
    console.kubectl("rollout", "status", "deployment/web", "--timeout", "20s")


def test_a_rollout_goes_on_where_it_stopped(own_server: Server, tmp_path: Path) -> None:
    console = Console(clusters.path_of(own_server.state, "dev"), tmp_path)
    console.apply(deployment(replicas=6))
    own_server.end(signal.SIGKILL)
    own_server.start()
    console.kubectl("rollout", "status", "deployment/web", "--timeout", "20s")


def test_it_ends_when_it_is_told_to_also_while_somebody_watches(own_server: Server, tmp_path: Path) -> None:
    console = Console(clusters.path_of(own_server.state, "dev"), tmp_path)
    console.apply(config())
    watching = console.answer("kubectl", "get", "configmaps", "--watch", "--request-timeout", "1s")
    assert "settings" in watching.out
    assert own_server.end() == 0
    own_server.start()


def test_a_cluster_cannot_see_what_is_in_another(server: Server, console: Console, tmp_path: Path) -> None:
    console.apply(config("only-in-dev"))
    staging = Console(clusters.path_of(server.state, "staging"), tmp_path)
    staging.kubectl("get", "configmap", "only-in-dev", "-n", "default", fails=True)
    console.kubectl("delete", "configmap", "only-in-dev")


def test_secrets_of_the_clusters_are_for_their_owners_eyes_only(server: Server) -> None:
    private = ("server.key", "dev/tokens.json", "dev/administrator.kubeconfig")
    assert [oct((server.state / name).stat().st_mode & 0o777) for name in private] == ["0o600"] * 3
