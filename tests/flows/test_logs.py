"""Lines of the log lead to their Prefect runs, and from a run to its lines."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from flows import logs
from flows.promote import promote
from flows.release import release as promote_release
from tasks import steps
from tasks.domain.errors import NotFound
from tasks.ledger.history import History
from tasks.logs import files, reading
from tasks.logs.documents import trace_id
from tasks.logs.reading import Wanted
from tests.formats import ecs
from tests.platforms.mini import MiniPlatform


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    logs.configure("text", StringIO(), folder=tmp_path / "log")
    yield tmp_path / "log"
    logs.configure("text")


def kept(folder: Path) -> list[dict[str, Any]]:
    for handler in logging.getLogger("flowmart").handlers:
        handler.flush()
    return [json.loads(line) for file in files.in_folder(folder) for line in file.path.read_bytes().splitlines()]


def test_every_line_leads_to_its_run_and_to_the_run_that_called_it(
    mini: MiniPlatform, history: History, folder: Path
) -> None:
    steps.call(promote_release, mini.release().id, "dev")
    run = history.ledger.entries("dev")[0].run
    lines = kept(folder)
    assert [(line["message"], ecs.mistakes(line)) for line in lines if ecs.mistakes(line)] == []
    of_dev = [line for line in lines if line.get("labels", {}).get("environment") == "dev"]
    assert {line["trace"]["id"] for line in of_dev} == {trace_id(run)}
    assert any("span" in line for line in of_dev)
    called = [line for line in of_dev if "root_run" in line["flowmart"]]
    (root,) = {line["flowmart"]["root_run"] for line in called}
    assert root != trace_id(run)
    actions = {line["event"]["action"] for line in reading.find(folder, Wanted(root))}
    assert {"claimed", "planned", "applied", "verified"} <= actions


def test_the_error_that_ended_a_run_is_kept_with_its_stack(mini: MiniPlatform, folder: Path) -> None:
    with pytest.raises(NotFound):
        steps.call(promote, "0000000", "dev")
    errors = [line for line in kept(folder) if line.get("error", {}).get("stack_trace")]
    assert "NotFound" in {line["error"]["type"] for line in errors}
    assert {line["log"]["level"] for line in errors} == {"error"}
    assert all(ecs.mistakes(line) == [] for line in errors)
