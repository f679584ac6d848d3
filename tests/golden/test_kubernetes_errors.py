"""What answers of the Kubernetes API mean, on what kube-apiserver 1.34 answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.cluster.errors import Answered, refusal

RECORDED = json.loads((Path(__file__).parent / "kubernetes/answers.json").read_text())


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: str(recorded["what"]))
def test_an_answer_is_no_answer_or_a_refusal_with_advice(recorded: dict[str, Any]) -> None:
    body = recorded["body"]
    answered = Answered(recorded["status"], body if isinstance(body, str) else json.dumps(body))
    found = refusal(answered, "apply Deployment/shop/cart in dev")
    assert type(found).__name__ == recorded["means"]
    assert str(found).startswith("could not apply Deployment/shop/cart in dev: ")
    assert recorded["says"] in str(found)
