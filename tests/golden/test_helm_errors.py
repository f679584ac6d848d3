"""What helm's failures mean: what helm 3.17 and 4.3 wrote when a server answered so, and texts from their sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Refused, Unanswered
from tasks.engines.helm.errors import NotInstalled, failure

RECORDED = json.loads((Path(__file__).parent / "helm/failures.json").read_text())
MEANINGS = {"unanswered": Unanswered, "refused": Refused, "not installed": NotInstalled}


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: str(recorded["what"]))
def test_a_failure_is_no_answer_or_a_refusal(recorded: dict[str, Any]) -> None:
    found = failure("helm upgrade cart", recorded["exit_code"], recorded["stderr"])
    assert type(found) is MEANINGS[recorded["means"]]
    assert str(found).startswith("helm upgrade cart: ")
