"""Events become documents of ECS, short enough for every shipper."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tasks.domain.events import KINDS
from tasks.logs import actions, documents
from tests.formats import ecs

RUN = "0192a1b2-0000-7000-8000-00000000abcd"
EVENT = {"event": "applied", "timestamp": "2026-11-26T09:00:00.123456Z", "level": "info", "logger": "flowmart.x"}
WHOLE = EVENT | {
    "what": "1 to add",
    "environment": "staging",
    "unit": "cart",
    "engine": "helm",
    "platform": "shop",
    "purpose": "promote",
    "release": "3f9c1e0",
    "run": RUN,
    "root_run": RUN,
    "task_run": RUN,
    "claim": "staging/23",
    "actor": "ada",
    "account": "111122223333",
    "region": "eu-west-1",
    "cluster": "shop-staging",
    "seconds": 1.25,
    "why": "because",
    "outcome": "succeeded",
    "error": ["ValueError", "broken", "Traceback"],
    "sequence": 4,
    "objects": {"a": [1, 2]},
}


def made(**more: Any) -> dict[str, Any]:
    return json.loads(documents.line(documents.document({**EVENT, **more})))


@pytest.mark.parametrize("name", sorted({*actions.KINDS, *KINDS, "still at work"}))
def test_every_action_makes_a_document_that_the_schema_allows(name: str) -> None:
    assert ecs.mistakes(made(**{**WHOLE, "event": name})) == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_schema_allows_what_the_fewest_fields_come_to(kind: str) -> None:
    assert ecs.mistakes(made(event=kind)) == []


def test_a_document_that_is_wrong_is_found_out() -> None:
    wrong = made() | {"event": {"category": ["nothing"], "duration": "long", "type": "info"}, "mine": 1}
    assert len(ecs.mistakes(wrong)) >= 4


def test_ids_lead_to_the_run_and_to_the_claim() -> None:
    found = made(**WHOLE)
    assert found["trace"] == {"id": RUN.replace("-", "")}
    assert found["transaction"] == {"id": "staging/23"}
    assert found["flowmart"]["root_run"] == RUN.replace("-", "")


def test_what_the_schema_has_no_field_for_is_not_at_the_root() -> None:
    assert made(stack="shop")["flowmart"] == {"stack": "shop"}


def test_only_additions_are_a_creation() -> None:
    assert made(counts={"create": 2, "update": 0})["event"]["type"] == ["creation"]
    assert made(counts={"delete": 2})["event"]["type"] == ["deletion"]
    assert made(counts={"create": 2, "delete": 1})["event"]["type"] == ["change"]


def test_no_answer_is_an_unknown_outcome() -> None:
    assert made(event="closed", outcome="failed")["event"]["outcome"] == "failure"
    assert made(event="analysed", outcome="inconclusive")["event"]["outcome"] == "unknown"
    assert made(event="unanswered")["event"]["outcome"] == "unknown"


def test_the_same_document_has_the_same_id() -> None:
    assert made(**WHOLE)["event"]["id"] == made(**WHOLE)["event"]["id"]
    assert made(sequence=1)["event"]["id"] != made(sequence=2)["event"]["id"]


@pytest.mark.parametrize(
    "more",
    [
        {"what": "x" * 1_000_000},
        {"what": "\x01" * 1_000_000},
        {"what": "ä😀" * 200_000},
        {"objects": ["x" * 100] * 100_000},
        {f"key-{number}": "x" * 10_000 for number in range(200)},
        {"objects": {f"key-{number}": number for number in range(50_000)}},
    ],
    ids=["long", "escaped", "wide", "list", "keys", "mapping"],
)
def test_a_line_has_at_most_16_kib_and_stays_json(more: dict[str, Any]) -> None:
    line = documents.line(documents.document({**WHOLE, **more}))
    assert len(line) <= documents.LONGEST
    assert line.count(b"\n") == 1
    assert json.loads(line)["trace"]["id"] == RUN.replace("-", "")


def test_a_text_that_was_cut_says_so() -> None:
    assert made(what="x" * 100_000)["flowmart"]["what"].endswith("(cut)")


def test_places_are_kept_though_a_secret_is_spelled_alike() -> None:
    documents.masking.KNOWN.learn(["a-stage-called-so"])
    found = made(environment="a-stage-called-so", what="it is a-stage-called-so")
    assert found["labels"]["environment"] == "a-stage-called-so"
    assert "a-stage-called-so" not in found["message"]


def test_datasets_are_told_by_the_logger() -> None:
    assert made(logger="flowmart.drift")["data_stream"]["dataset"] == "flowmart.drift"
    assert made(logger="flowmart.github")["event"]["dataset"] == "flowmart.receiver"
    assert made(logger="flowmart.ledger", entry="dev/1")["event"]["dataset"] == "flowmart.ledger"
    assert made(logger="flowmart.ledger")["event"]["dataset"] == "flowmart.run"


def test_an_environment_has_streams_of_its_own() -> None:
    assert made(environment="eu-west")["data_stream"]["namespace"] == "eu_west"
    assert made()["data_stream"]["namespace"] == "default"


def test_what_is_indexed_has_one_type() -> None:
    found = made(what={"a": 1}, entry=7, verb=["x"], counts="many")["flowmart"]
    assert {type(found[name]) for name in ("what", "entry", "verb")} == {str}
    assert "counts" not in found
