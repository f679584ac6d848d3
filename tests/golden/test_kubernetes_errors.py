"""What answers of the Kubernetes API mean, on what kube-apiserver 1.34 answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.cluster.errors import Answered, SilentWebhook, refusal
from tasks.cluster.objects import Reference

RECORDED = json.loads((Path(__file__).parent / "kubernetes/answers.json").read_text())


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: str(recorded["what"]))
def test_an_answer_is_no_answer_or_a_refusal_with_advice(recorded: dict[str, Any]) -> None:
    body = recorded["body"]
    answered = Answered(recorded["status"], body if isinstance(body, str) else json.dumps(body))
    found = refusal(answered, "apply Deployment/shop/cart in dev")
    assert type(found).__name__ == recorded["means"]
    assert str(found).startswith("could not apply Deployment/shop/cart in dev: ")
    assert recorded["says"] in str(found)


@pytest.mark.parametrize(
    ("what", "services", "comes"),
    [
        ("conversion webhook that refuses connections", ["shop/other", "shop/conv"], True),
        ("conversion webhook that refuses connections", ["shop/other", "elsewhere/conv"], False),
        ("conversion webhook that refuses connections", [], False),
        # The answer does not name the service.
        ("conversion webhook behind which nothing runs", ["shop/other"], True),
        ("conversion webhook behind which nothing runs", [], False),
    ],
)
def test_a_silent_webhook_may_come_with_the_services_of_a_unit(what: str, services: list[str], comes: bool) -> None:
    (body,) = [each["body"] for each in RECORDED if each["what"] == what]
    found = refusal(Answered(500, json.dumps(body)), "apply Cache/shop/main in dev")
    assert isinstance(found, SilentWebhook)
    objects = [Reference("v1", "Service", *service.split("/")) for service in services]
    assert found.comes_with([Reference("apps/v1", "Deployment", "shop", "conv"), *objects]) is comes
