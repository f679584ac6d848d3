"""FlowMart's own chart, rendered by the real helm 3 and 4."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tasks.cluster.objects import Manifest, parsed
from tests.peers.tools import tool

CHART = Path(__file__).parents[2] / "infrastructure/helm-charts/flowmart"
DIGEST = f"sha256:{'a' * 64}"
NEEDED = ("--set", f"image.digest={DIGEST}", "--set", "store.address=s3://shop-store")
RECEIVING = ("--set", "receiver.enabled=true", "--set", "receiver.claim=inbox")
IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@localhost")
PARTS = {"server", "registrar", "board", "worker", "receiver"}


def run(helm: str, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    words = [tool(helm), verb, *(("shop",) if verb == "template" else ()), str(CHART), *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


@cache
def rendered(helm: str) -> dict[str, Manifest]:
    """All objects, the receiver's too, as "Kind/name"."""
    more = (*NEEDED, *RECEIVING, "--set", "workers.kubeconfigSecret=clusters")
    finished = run(helm, "template", *more, "--set", "platform.credentialsSecret=git")
    assert finished.returncode == 0, finished.stderr
    return {f"{about.kind}/{about.name}": each for about, each in parsed(finished.stdout, "flowmart").items()}


def pods(helm: str) -> dict[str, dict[str, Any]]:
    """The specs of all pods, by what part they are."""
    found = {name: each for name, each in rendered(helm).items() if name.startswith("Deployment/")}
    return {name.removeprefix("Deployment/shop-"): each["spec"]["template"]["spec"] for name, each in found.items()}


def variables(container: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container.get("env", ())}


@pytest.mark.parametrize("helm", ["helm3", "helm"])
def test_helm_has_nothing_to_say_against_it(helm: str) -> None:
    finished = run(helm, "lint", "--strict", *NEEDED, *RECEIVING)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert pods(helm).keys() == PARTS


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ((), "digest"),
        (("--set", "image.digest=latest", "--set", "store.address=s3://b"), "digest"),
        (("--set", f"image.digest={DIGEST}"), "address"),
        ((*NEEDED, "--set", "store.address=/var/store"), "address"),
        ((*NEEDED, "--set", "receiver.enabled=true"), "claim"),
        ((*NEEDED, "--set", "env.GITHUB_TOKEN=x"), "GITHUB_TOKEN"),
        ((*NEEDED, "--set", "workers.replica=3"), "replica"),
    ],
    ids=["nothing said", "a tag", "no store", "a folder as store", "an inbox nowhere", "an open secret", "a typo"],
)
def test_values_that_would_not_work_are_refused(wrong: tuple[str, ...], said: str) -> None:
    finished = run("helm", "template", *wrong)
    assert finished.returncode != 0
    assert said in finished.stderr


def test_every_container_has_few_rights_and_an_image_by_digest() -> None:
    for name, pod in pods("helm").items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["serviceAccountName"] == f"shop-{name}"
        for container in [*pod["containers"], *pod.get("initContainers", ())]:
            assert container["image"].endswith(f"@{DIGEST}"), name
            rights = container["securityContext"]
            assert (rights["readOnlyRootFilesystem"], rights["allowPrivilegeEscalation"]) == (True, False), name
            assert rights["capabilities"] == {"drop": ["ALL"]}, name
            assert "memory" in container["resources"]["limits"], name


def test_only_the_server_knows_the_database_and_only_the_others_the_store() -> None:
    for name, pod in pods("helm").items():
        known = variables(pod["containers"][0])
        assert ("FLOWMART_SERVER_DATABASE" in known, "FLOWMART_STORE" in known) == (
            name == "server",
            name != "server",
        )
        assert isinstance(known["PREFECT_API_AUTH_STRING"], dict), name


def test_secrets_are_named_and_never_written() -> None:
    assert [name for name in rendered("helm") if name.startswith("Secret/")] == []


def test_every_part_runs_the_command_of_its_name_and_has_a_policy_of_its_own() -> None:
    for name, pod in pods("helm").items():
        assert pod["containers"][0]["args"][:3] == ["server", "run", name]
        policy = rendered("helm")[f"NetworkPolicy/shop-{name}"]["spec"]
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == name


def test_a_pod_that_starts_again_clones_again(tmp_path: Path) -> None:
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        (*IDENTITY, "commit", "--allow-empty", "-qm", "It"),
    ):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    [clone] = pods("helm")["worker"]["initContainers"]
    assert clone["args"] == ["main", "https://github.com/flowmart/platform.git"]
    pod = tmp_path / "pod"
    pod.mkdir()
    for _ in range(2):
        subprocess.run([*clone["command"], "main", str(tmp_path)], cwd=pod, check=True)
        assert (pod / "platform/.git").is_dir()


def test_whoever_must_be_alone_is_replaced_and_never_doubled() -> None:
    found = {name: each["spec"] for name, each in rendered("helm").items() if name.startswith("Deployment/")}
    alone = {name for name, spec in found.items() if spec.get("strategy", {}).get("type") == "Recreate"}
    assert alone == {f"Deployment/shop-{name}" for name in PARTS - {"worker"}}
    assert found["Deployment/shop-worker"]["replicas"] == 2
