"""What a promotion leaves in the log folder: every ledger entry and every event, tied together by ids."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog

from flows import logs
from tasks.domain.errors import FlowmartError
from tasks.logs import files
from tests.formats import ecs
from tests.unit.promotion.conftest import Shop


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    logs.configure("text", StringIO(), in_runs=False, folder=tmp_path / "logs")
    yield tmp_path / "logs"
    logging.getLogger("flowmart").handlers.clear()
    structlog.reset_defaults()


def documents(folder: Path) -> list[dict[str, Any]]:
    for handler in logging.getLogger("flowmart").handlers:
        handler.flush()
    return [json.loads(line) for file in files.in_folder(folder) for line in file.path.read_bytes().splitlines()]


def rejected(shop: Shop) -> None:
    release = shop.release("bad", *shop.units("red2"))
    with suppress(FlowmartError):
        shop.promote(release)


def test_every_document_is_allowed_by_the_schema(shop: Shop, folder: Path) -> None:
    shop.promoted("blue")
    rejected(shop)
    found = documents(folder)
    assert [(line["message"], ecs.mistakes(line)) for line in found if ecs.mistakes(line)] == []
    assert len(found) > 30


def test_every_ledger_entry_is_one_line(shop: Shop, folder: Path) -> None:
    shop.promoted("blue")
    entries = shop.runtime.ledger().entries("dev")
    found = [line for line in documents(folder) if line["event"]["dataset"] == "flowmart.ledger"]
    assert [line["flowmart"]["entry"] for line in found] == [entry.id for entry in entries]
    assert [line["event"]["action"] for line in found] == [entry.kind for entry in entries]


def test_lines_of_a_promotion_name_its_claim_and_its_places(shop: Shop, folder: Path) -> None:
    release = shop.promoted("blue")
    found = [line for line in documents(folder) if line["labels"].get("environment") == "dev"]
    assert {line["transaction"]["id"] for line in found} == {"dev/1"}
    assert {line["labels"]["release"] for line in found} == {release}
    (applied,) = [each for each in found if each["event"]["action"] == "applied" and "receipt" in each["flowmart"]][
        :1
    ]
    assert applied["labels"]["engine"] == "fake"


def test_a_rollback_is_told_with_its_outcomes(shop: Shop, folder: Path) -> None:
    shop.promoted("blue")
    rejected(shop)
    found = [each for each in documents(folder) if each["event"]["dataset"] == "flowmart.ledger"]
    outcomes = {line["event"]["action"]: line["event"].get("outcome") for line in found}
    assert outcomes["rejected"] == "failure"
    assert {line["log"]["level"] for line in found if line["event"]["action"] == "rejected"} == {"error"}


def test_a_folder_that_cannot_be_written_changes_no_promotion(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    logs.configure("text", StringIO(), in_runs=False, folder=tmp_path / "file")
    shop.promoted("blue")
    assert shop.state().verified == "blue"
    logging.getLogger("flowmart").handlers.clear()
    structlog.reset_defaults()
