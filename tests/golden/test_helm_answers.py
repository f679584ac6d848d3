"""What helm 3.17 and 4.3 really answered (recorded in helm/), as the engine reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.engines.helm.answers import Installed, good_revision, installed, rendered
from tasks.engines.helm.errors import why

RECORDED = Path(__file__).parent / "helm"

HOOK = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "m", "annotations": {"helm.sh/hook": "x"}}}


def recorded(major: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDED / f"status-{major}.json").read_text())
    return found


@pytest.mark.parametrize("major", [3, 4])
def test_both_helms_tell_revision_status_and_objects(major: int) -> None:
    found = installed(recorded(major), "default")
    assert found.basis == "1/deployed"
    assert [str(about) for about in found.objects] == [
        "NetworkPolicy/default/cart",
        "ServiceAccount/default/cart",
        "Service/default/cart",
        "Deployment/default/cart",
    ]


@pytest.mark.parametrize("major", [3, 4])
def test_the_pod_of_helm_test_is_no_part_of_the_release(major: int) -> None:
    assert [hook["name"] for hook in recorded(major)["hooks"]] == ["cart-test"]
    assert installed(recorded(major), "default").hooks == {}


@pytest.mark.parametrize("major", [3, 4])
def test_a_hook_that_is_no_test_is_part_of_it(major: int) -> None:
    answer = recorded(major)
    answer["hooks"][0]["manifest"] = json.dumps(_hook("pre-upgrade"))
    assert [str(about) for about in installed(answer, "default").hooks] == ["Job/default/m"]


def test_hooks_are_found_in_what_the_template_renders() -> None:
    documents = [_hook("pre-install,post-install"), _hook("test"), {**HOOK, "metadata": {"name": "plain"}}]
    objects = {installed_as(index): manifest for index, manifest in enumerate(documents)}
    found = rendered(objects)
    assert [about.name for about in found.objects] == ["2"]
    assert [about.name for about in found.hooks] == ["0"]


@pytest.mark.parametrize(
    ("status", "stuck"),
    [
        ("deployed", False),
        ("failed", False),
        ("pending-install", True),
        ("pending-upgrade", True),
        ("pending-rollback", True),
        ("uninstalling", True),
    ],
)
def test_a_release_is_stuck_while_a_helm_works_on_it(status: str, stuck: bool) -> None:
    assert Installed(1, status).stuck is stuck


@pytest.mark.parametrize(
    ("statuses", "good"),
    [
        (["superseded", "deployed", "pending-upgrade"], 2),
        (["superseded", "superseded", "failed", "pending-rollback"], 2),
        (["pending-install"], None),
        (["failed", "pending-upgrade"], None),
        ([], None),
    ],
)
def test_a_stuck_release_goes_back_to_what_was_in_force_last(statuses: list[str], good: int | None) -> None:
    history = [{"revision": place, "status": status} for place, status in enumerate(statuses, start=1)]
    assert good_revision(history) == good


def test_the_reason_is_told_without_what_libraries_log() -> None:
    stderr = (
        'I1123 16:37:50.322078 28895 reflector.go:1261] "Warning: event bookmark expired"\n'
        "WARNING: Kubernetes configuration file is group-readable\n"
        "Error: UPGRADE FAILED: resource Deployment/flowmart/cart not ready\n  context deadline exceeded\n"
    )
    assert why(stderr) == "UPGRADE FAILED: resource Deployment/flowmart/cart not ready context deadline exceeded"
    assert why("") == "it gave no reason"


def _hook(occasion: str) -> dict[str, Any]:
    return {**HOOK, "metadata": {"name": "m", "annotations": {"helm.sh/hook": occasion}}}


def installed_as(index: int) -> Any:
    from tasks.cluster.objects import Reference

    return Reference("batch/v1", "Job", "default", str(index))
