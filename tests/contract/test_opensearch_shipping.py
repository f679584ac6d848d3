"""The log on its way: a real rsyslog ships the files to a real OpenSearch, and what is lost is found and sent again.

All with the templates, the pipeline and the shipper's configuration that the product has.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.domain.logging import ElasticsearchServer
from tasks.elasticsearch import run_logs
from tasks.elasticsearch.answers import Product
from tasks.elasticsearch.client import Elasticsearch
from tasks.engines.elasticsearch import templates
from tasks.logs import documents, files, offering
from tasks.logs.files import Writer
from tasks.logs.reading import Wanted
from tests.servers import shippers
from tests.servers.shippers import Door
from tests.unit.test_masking import CANARY, LOOKS

PROJECT = Path(__file__).resolve().parents[2]
PUT = {
    "component-templates": "_component_template",
    "ingest-pipelines": "_ingest/pipeline",
    "index-templates": "_index_template",
}
STREAM = "logs-flowmart.run-shipping"
PATIENCE = 240.0
_LATER = 4e9
"""A moment after all events, whatever the clock of the machine says."""


class Shipping:
    """A log folder, a shipper that reads it, and the server behind a door."""

    def __init__(self, client: httpx.Client, folder: Path, door: Door, refused: Path) -> None:
        self.client = client
        self.folder = folder
        self.door = door
        self.refused = refused
        self.server = Elasticsearch(ElasticsearchServer(str(client.base_url).rstrip("/")))
        self._number = 0

    def write(self, run: int, count: int, **more: Any) -> None:
        """So many events of a run, in a new file."""
        self.put([self.line(run, **more) for _ in range(count)])

    def put(self, lines: list[bytes]) -> None:
        writer = Writer(self.folder)
        for line in lines:
            writer.write(line)
        writer.close()

    def line(self, run: int, **more: Any) -> bytes:
        self._number += 1
        about = {"event": "planned", "timestamp": "2026-11-26T09:00:00.000001Z", "environment": "shipping"}
        event = {**about, "run": f"{run:032x}", "sequence": self._number, "logger": "flowmart.promotion"}
        return documents.line(documents.document({**event, **more}))

    def found(self, run: int) -> tuple[int, int]:
        """How many documents there are of a run, and how many different ones."""
        self.client.post(f"/{STREAM}/_refresh")
        body = {
            "size": 0,
            "track_total_hits": True,
            "query": {"term": {"trace.id": f"{run:032x}"}},
            "aggs": {"ids": {"cardinality": {"field": "event.id", "precision_threshold": 5000}}},
        }
        said = self.client.post(f"/{STREAM}/_search", json=body, params={"ignore_unavailable": "true"}).json()
        aggregations = said.get("aggregations") or {"ids": {"value": 0}}
        return said["hits"]["total"]["value"], aggregations["ids"]["value"]

    def await_run(self, run: int, count: int) -> None:
        _await(lambda: self.found(run)[1] == count, lambda: f"{self.found(run)} of {count}")

    def missing(self) -> set[str]:
        return run_logs.absent(self.server, self.kept())

    def kept(self) -> dict[str, offering.Kept]:
        return offering.lines(self.folder, 0.0, _LATER)


def _await(there: Callable[[], bool], told: Callable[[], str]) -> None:
    until = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < until, told()
        time.sleep(0.2)


@pytest.fixture(scope="module")
def shipping(opensearch: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shipping]:
    base, logs = tmp_path_factory.mktemp("shipping"), tmp_path_factory.mktemp("logs")
    with httpx.Client(base_url=opensearch, timeout=120) as client, shippers.door(opensearch) as door:
        for kind, path in PUT.items():
            for file in sorted((PROJECT / "infrastructure/elasticsearch/logs" / kind).glob("*.json")):
                if not file.name.endswith(".samples.json"):
                    body, _ = templates.fitting(json.loads(file.read_bytes()), Product("opensearch", "2"))
                    answer = client.put(f"/{path}/{file.stem}", json=body)
                    assert answer.is_success, answer.text
        with shippers.rsyslog(base / "rsyslog", logs, door.port) as refused:
            yield Shipping(client, logs, door, refused)
        client.delete(f"/_data_stream/{STREAM}")
        for kind, path in reversed(PUT.items()):
            for file in (PROJECT / "infrastructure/elasticsearch/logs" / kind).glob("*.json"):
                client.delete(f"/{path}/{file.stem}")


def test_events_are_shipped_and_found_by_their_run(shipping: Shipping) -> None:
    shipping.write(1, 500)
    shipping.await_run(1, 500)
    found = run_logs.find(shipping.server, Wanted(f"{1:032x}"))
    assert len(found) == 500
    assert "ingested" in found[0]["event"]


def test_no_secret_gets_into_files_or_index(shipping: Shipping) -> None:
    for text in LOOKS:
        shipping.write(12, 1, what=text, error=["ValueError", text, f"Traceback\nValueError: {text}"])
    shipping.await_run(12, len(LOOKS))
    found = run_logs.find(shipping.server, Wanted(f"{12:032x}"))
    assert CANARY not in json.dumps(found)
    assert all(CANARY not in file.path.read_text() for file in files.in_folder(shipping.folder))


def test_the_same_file_twice_is_there_once(shipping: Shipping) -> None:
    lines = [shipping.line(2) for _ in range(100)]
    shipping.put(lines)
    shipping.await_run(2, 100)
    shipping.put(lines)
    shipping.write(3, 1)
    shipping.await_run(3, 1)
    assert shipping.found(2) == (100, 100)


def test_a_server_that_is_away_loses_nothing(shipping: Shipping) -> None:
    shipping.door.close()
    shipping.write(4, 300)
    before = shipping.door.dropped
    _await(lambda: shipping.door.dropped > before + 2, lambda: "the shipper did not try")
    shipping.door.open()
    shipping.await_run(4, 300)


def test_a_refused_document_holds_up_none_and_is_offered_only_so_often(shipping: Shipping) -> None:
    made = json.loads(shipping.line(5))
    made["event"]["duration"] = "long"
    broken = json.dumps(made, separators=(",", ":")).encode() + b"\n"
    shipping.put([shipping.line(5), broken, shipping.line(5)])
    shipping.await_run(5, 2)
    _await(lambda: shipping.refused.exists() and "mapper_parsing" in shipping.refused.read_text(), lambda: "not kept")
    assert shipping.missing() == {made["event"]["id"]}
    offered = [len(offering.offer(shipping.folder, shipping.kept(), shipping.missing())) for _ in range(5)]
    assert offered == [1, 1, 1, 0, 0]
    for file in files.in_folder(shipping.folder):
        if broken in file.path.read_bytes():
            file.path.unlink()


def test_what_a_read_only_index_refused_is_found_and_sent_again(shipping: Shipping) -> None:
    """A bulk answers 200 with 403 for each of its items, as after a full disk: rsyslog gives them up."""
    shipping.client.put(f"/{STREAM}/_settings", json={"index.blocks.write": True}).raise_for_status()
    shipping.write(6, 50)
    _await(lambda: shipping.refused.read_text().count("cluster_block") > 0, lambda: "nothing was refused")
    shipping.client.put(f"/{STREAM}/_settings", json={"index.blocks.write": None}).raise_for_status()
    shipping.write(7, 1)
    shipping.await_run(7, 1)
    offering.offer(shipping.folder, shipping.kept(), shipping.missing())
    shipping.await_run(6, 50)
    assert shipping.missing() == set()


def test_what_a_busy_server_refused_in_a_bulk_that_succeeded_is_found_and_sent_again(shipping: Shipping) -> None:
    """A bulk answers 200 with 429 for each of its items: rsyslog gives them up, too."""
    shipping.door.busy = True
    shipping.door.hang_up()
    shipping.write(13, 50)
    _await(lambda: shipping.door.refused >= 50, lambda: f"{shipping.door.refused} refused")
    shipping.door.busy = False
    shipping.door.hang_up()
    shipping.write(14, 1)
    shipping.await_run(14, 1)
    offering.offer(shipping.folder, shipping.kept(), shipping.missing())
    shipping.await_run(13, 50)
    assert shipping.missing() == set()


def test_after_a_rollover_what_is_shipped_twice_is_counted_once(shipping: Shipping) -> None:
    lines = [shipping.line(8) for _ in range(20)]
    shipping.put(lines)
    shipping.await_run(8, 20)
    shipping.client.post(f"/{STREAM}/_rollover").raise_for_status()
    shipping.put(lines)
    _await(lambda: shipping.found(8)[0] == 40, lambda: str(shipping.found(8)))
    assert shipping.found(8) == (40, 20)
    assert len(run_logs.find(shipping.server, Wanted(f"{8:032x}"))) == 20


def test_a_text_of_a_megabyte_arrives_in_part(shipping: Shipping) -> None:
    shipping.write(9, 1, what="x" * 1_000_000)
    shipping.await_run(9, 1)
    (found,) = run_logs.find(shipping.server, Wanted(f"{9:032x}"))
    assert found["flowmart"]["what"].endswith("(cut)")


def test_half_a_line_of_a_killed_process_holds_up_none(shipping: Shipping) -> None:
    name = shipping.folder / "flowmart-20261126T090000.000000Z-77.ndjson"
    name.write_bytes(shipping.line(10) + shipping.line(10)[:200])
    shipping.await_run(10, 1)
    shipping.write(11, 1)
    shipping.await_run(11, 1)
