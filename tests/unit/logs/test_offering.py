"""What the cluster lacks is given to the shipper once more, and what it refuses is not offered for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.domain.logging import ElasticsearchServer
from tasks.elasticsearch import run_logs
from tasks.elasticsearch.client import Elasticsearch
from tasks.logs import documents, files, offering
from tasks.logs.reading import Wanted
from tests.doubles import api_server
from tests.doubles.api_server import ApiDouble, Asked, Said

NOW = 1_790_000_000.0


def line(number: int, at: str = "2026-09-21T13:00:00.000000Z") -> bytes:
    event = {"event": f"tick {number}", "timestamp": at, "level": "info", "logger": "flowmart.x"}
    return documents.line(documents.document({**event, "run": f"{number:032x}"}))


def identity(of: bytes) -> str:
    return str(json.loads(of)["event"]["id"])


def offered(folder: Path, missing: set[str]) -> list[str]:
    return offering.offer(folder, offering.lines(folder, 0.0, NOW), missing)


def test_missing_lines_are_offered_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "flowmart-1.ndjson").write_bytes(line(1) + line(2))
    assert offered(tmp_path, {identity(line(2))}) == [identity(line(2))]
    (_, new) = sorted(files.in_folder(tmp_path), key=lambda file: file.path.name == "flowmart-1.ndjson", reverse=True)
    assert new.path.read_bytes() == line(2)


def test_a_line_is_offered_three_times(tmp_path: Path) -> None:
    (tmp_path / "flowmart-1.ndjson").write_bytes(line(1))
    missing = {identity(line(1))}
    assert [len(offered(tmp_path, missing)) for _ in range(5)] == [1, 1, 1, 0, 0]


def test_what_may_be_on_its_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "flowmart-1.ndjson").write_bytes(line(1, "2026-09-21T14:13:10.000000Z") + line(2) + b'{"half')
    assert [*offering.lines(tmp_path, 0.0, NOW)] == [identity(line(2))]


def test_older_lines_are_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "flowmart-1.ndjson").write_bytes(line(1, "2026-09-20T13:00:00.000000Z") + line(2))
    assert [*offering.lines(tmp_path, NOW - 86_400.0, NOW)] == [identity(line(2))]


@pytest.fixture
def server() -> Iterator[ApiDouble]:
    with api_server.serving() as double:
        yield double


def searched(double: ApiDouble, has: set[str]) -> None:
    def answer(asked: Asked) -> Said:
        ids = asked.json["query"]["terms"]["event.id"]
        buckets = [{"key": each, "doc_count": 1} for each in ids if each in has]
        return api_server.document({"hits": {"hits": []}, "aggregations": {"ids": {"buckets": buckets}}})

    double.answer = answer


def test_many_ids_are_asked_for_in_several_questions(server: ApiDouble) -> None:
    ids = {f"{number:032x}" for number in range(2500)}
    searched(server, {each for each in ids if not each.endswith("7")})
    missing = run_logs.absent(Elasticsearch(ElasticsearchServer(server.url)), ids)
    assert missing == {each for each in ids if each.endswith("7")}
    assert len(server.asked) == 3


def test_a_part_of_an_answer_makes_nothing_missing(server: ApiDouble) -> None:
    server.answer = lambda _: api_server.document({"hits": {"hits": []}, "timed_out": True, "aggregations": {}})
    with pytest.raises(run_logs.Unanswered, match="part"):
        run_logs.absent(Elasticsearch(ElasticsearchServer(server.url)), {"a"})


def test_a_search_reads_page_by_page(server: ApiDouble) -> None:
    found = [{"_source": json.loads(line(number)), "sort": [number]} for number in range(1200)]

    def answer(asked: Asked) -> Said:
        begin = asked.json.get("search_after", [-1])[0] + 1
        return api_server.document({"hits": {"hits": found[begin : begin + 1000]}})

    server.answer = answer
    assert len(run_logs.find(Elasticsearch(ElasticsearchServer(server.url)), Wanted("dev"))) == 1200
