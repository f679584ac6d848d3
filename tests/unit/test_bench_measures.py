"""The table of `make bench`: what a ratio is of, what the last run said, and that it is kept."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx

from tests.bench import measures
from tests.bench.measures import Cost, Measure
from tests.bench.relay import Relay


def test_a_ratio_is_of_seconds_of_cpu() -> None:
    assert Measure("drift", Cost(9.0, 3.0), Cost(1.0, 2.0), wanted=1.2).ratio == 1.5


def test_without_seconds_of_cpu_a_ratio_is_of_those_on_the_clock() -> None:
    assert Measure("the flow run", Cost(9.0), Cost(6.0, 2.0), wanted=1.1).ratio == 1.5


def test_the_largest_process_says_how_much_memory_several_took() -> None:
    assert Cost(1, 2, 3, 4, 5, 60) + Cost(1, 1, 1, 1, 1, 50) == Cost(2, 3, 4, 5, 6, 60)


def test_the_table_says_what_is_wanted_what_it_was_and_where_it_is_more() -> None:
    rows = [
        Measure("drift", Cost(4.0, 3.0, 20, 30, 40, 50), Cost(4.0, 2.0), wanted=1.2),
        Measure("first promotion", Cost(4.0, 2.0), Cost(4.0, 2.0), wanted=1.3),
    ]
    _, drift, first = measures.table(rows, {"drift": [2.0, 1.75]})
    assert drift.split() == [
        *("drift", "|", "4.0", "3.0", "|", "4.0", "2.0", "|"),
        *("1.50", "1.20", "1.75", "|", "20", "30", "40", "50", "more", "than", "wanted"),
    ]
    assert first.split()[-8:] == ["1.00", "1.30", "-", "|", "0", "0", "0", "0"]


def test_the_ratios_of_earlier_runs_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "new/bench.json"
    for cpu in range(1, measures.KEPT + 3):
        measures.keep(file, [Measure("drift", Cost(1, cpu), Cost(1, 1), wanted=1)])
    measures.keep(file, [Measure("status", Cost(1, 1), Cost(1, 2), wanted=1)])
    found = measures.kept(file)
    assert (len(found["drift"]), found["drift"][-1], found["status"]) == (measures.KEPT, measures.KEPT + 2, [0.5])


def test_nothing_was_kept_before_the_first_run(tmp_path: Path) -> None:
    assert measures.kept(tmp_path / "bench.json") == {}


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_requests_to_a_server_are_counted_on_their_way() -> None:
    with HTTPServer(("127.0.0.1", 0), _Answer) as upstream, Relay(upstream.server_address[:2]) as relay:
        for server in (upstream, relay):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        with httpx.Client() as client:
            answers = [client.get(f"{relay.address}/api/{number}").status_code for number in range(3)]
        assert (answers, len(relay.asked)) == ([204] * 3, 3)
        for server in (relay, upstream):
            server.shutdown()
