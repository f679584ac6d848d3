"""Server-side apply with the real kubectl.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from tests.contract.kubernetes.conftest import Console, config, deployment

OURS = ("--server-side", "--field-manager", "ours")
THEIRS = ("--server-side", "--field-manager", "theirs")


def data(console: Console, namespace: str) -> dict[str, str]:
    found: dict[str, str] = console.get("configmap", "settings", "-n", namespace)["data"]
    return found


def test_two_managers_share_an_object_and_neither_takes_from_the_other(console: Console, namespace: str) -> None:
    console.apply(config(a="1"), options=(*OURS, "-n", namespace))
    console.apply(config(b="2"), options=(*THEIRS, "-n", namespace))
    console.apply(config(), options=(*OURS, "-n", namespace))
    assert data(console, namespace) == {"b": "2"}


def test_a_conflict_names_the_manager_and_the_field(console: Console, namespace: str) -> None:
    console.apply(config(a="1"), options=(*OURS, "-n", namespace))
    refused = console.apply(config(a="2"), options=(*THEIRS, "-n", namespace), fails=True)
    assert 'Apply failed with 1 conflict: conflict with "ours": .data.a' in refused
    assert data(console, namespace) == {"a": "1"}


def test_force_takes_the_field_over(console: Console, namespace: str) -> None:
    console.apply(config(a="1"), options=(*OURS, "-n", namespace))
    console.apply(config(a="2"), options=(*THEIRS, "--force-conflicts", "-n", namespace))
    assert data(console, namespace) == {"a": "2"}
    console.apply(config(), options=(*OURS, "-n", namespace))
    assert data(console, namespace) == {"a": "2"}


def test_scaling_by_hand_is_a_conflict_for_the_next_apply(console: Console, namespace: str) -> None:
    console.apply(deployment(), options=(*OURS, "-n", namespace))
    console.kubectl("scale", "deployment/web", "--replicas", "5", "-n", namespace)
    refused = console.apply(deployment(), options=(*OURS, "-n", namespace), fails=True)
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in refused
    assert (
        console.answer("kubectl", "get", "deployment", "web", "-n", namespace, "-o", "jsonpath={.spec.replicas}").out
        == "5"
    )


def test_a_container_that_is_left_out_is_removed_with_its_defaults(console: Console, namespace: str) -> None:
    two = deployment()
    two["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "side:1"})
    console.apply(two, options=(*OURS, "-n", namespace))
    console.apply(deployment(), options=(*OURS, "-n", namespace))
    containers = console.get("deployment", "web", "-n", namespace)["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in containers] == ["web"]


def test_a_dry_run_answers_as_the_real_one_and_stores_nothing(console: Console, namespace: str) -> None:
    answer = console.apply(config(a="1"), options=(*OURS, "--dry-run=server", "-o", "yaml", "-n", namespace))
    assert "uid:" in answer
    console.kubectl("get", "configmap", "settings", "-n", namespace, fails=True)


def test_applying_the_same_again_changes_nothing(console: Console, namespace: str) -> None:
    console.apply(deployment(), options=(*OURS, "-n", namespace))
    console.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout", "20s")
    before = console.get("deployment", "web", "-n", namespace)["metadata"]["resourceVersion"]
    console.apply(deployment(), options=(*OURS, "-n", namespace))
    assert console.get("deployment", "web", "-n", namespace)["metadata"]["resourceVersion"] == before


def test_kubectl_takes_over_what_it_applied_in_the_other_way(console: Console, namespace: str) -> None:
    console.apply(config(a="1", b="2"), options=("-n", namespace))
    console.apply(config(a="1"), options=("--server-side", "-n", namespace))
    assert data(console, namespace) == {"a": "1"}
    managers = console.get("configmap", "settings", "-n", namespace)["metadata"]["managedFields"]
    # The second is kubectl's own, for the annotation with what was applied last.
    assert {(m["manager"], m["operation"]) for m in managers} == {
        ("kubectl", "Apply"),
        ("kubectl-last-applied", "Apply"),
    }
