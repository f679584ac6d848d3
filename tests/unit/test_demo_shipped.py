"""The demo waits until the lines that it looks for are in the cluster, and says how many are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.demo import shipped
from tasks.domain.logging import ElasticsearchServer
from tasks.elasticsearch.client import Elasticsearch
from tasks.logs import documents
from tasks.logs.reading import Wanted
from tests.doubles import api_server
from tests.doubles.api_server import ApiDouble

DEV = Wanted("dev")


@pytest.fixture
def server() -> Iterator[ApiDouble]:
    with api_server.serving() as double:
        yield double


def hits(folder: Path, count: int) -> api_server.Said:
    read = [json.loads(line) for line in (folder / "flowmart-1.ndjson").read_bytes().splitlines()]
    return api_server.document({"hits": {"hits": [{"_source": each, "sort": [1]} for each in read[:count]]}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    about = {"timestamp": "2026-11-26T09:00:00Z", "level": "info", "logger": "flowmart.x", "environment": "dev"}
    lines = [documents.line(documents.document({"event": each, **about})) for each in ("planned", "applied")]
    (tmp_path / "flowmart-1.ndjson").write_bytes(b"".join(lines))
    return tmp_path


def test_it_waits_for_a_server_that_does_not_answer_yet_and_for_the_last_line(
    server: ApiDouble, folder: Path
) -> None:
    answers = iter([api_server.document({"error": "all shards failed"}, 503), hits(folder, 1)])
    server.answer = lambda _: next(answers, hits(folder, 2))
    assert shipped.late(Elasticsearch(ElasticsearchServer(server.url)), folder, DEV, patience=240) == ""
    assert len(server.asked) == 3


def test_it_says_how_many_have_not_arrived(server: ApiDouble, folder: Path) -> None:
    server.answer = lambda _: hits(folder, 1)
    found = shipped.late(Elasticsearch(ElasticsearchServer(server.url)), folder, DEV, patience=0)
    assert found == "1 of 2 lines have arrived so far"
