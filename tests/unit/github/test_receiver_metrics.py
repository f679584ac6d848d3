"""What the metrics of the delivery say about what came in from GitHub."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from deployments.github.events import Ignored, Intent, Refusal, Why
from deployments.github.inbox import Inbox
from deployments.github.metrics import Deliveries
from deployments.github.schema import STEPS
from tasks.metrics.exporter import text

WISH = Intent("comment/flowmart", {})
BUCKETS = (("0.005", 1.0), ("0.01", 1.0), ("0.025", 3.0), ("10.0", 3.0), ("+Inf", 4.0))


def lines(inbox: Inbox) -> set[str]:
    return {line for line in text(Deliveries(inbox)).splitlines() if not line.startswith("#")}


def counted(event: str, outcome: str, count: float) -> str:
    return f'flowmart_deliveries_total{{event="{event}",outcome="{outcome}"}} {count}'


def test_deliveries_are_counted_by_what_became_of_them(inbox: Inbox) -> None:
    for number, event in enumerate(("push", "push", "issue_comment")):
        inbox.receive(f"{number}", event, WISH).result(10)
    inbox.receive("other", "star", Ignored("starts nothing")).result(10)
    inbox.receive("fork", "push", Refusal("a fork", Why.FORK)).result(10)
    inbox.dispatched(inbox.find("0")[0], "run").result(10)
    inbox.failed(inbox.find("2")[0], "no such deployment").result(10)
    found = lines(inbox)
    assert {counted("push", "dispatched", 1.0), counted("issue_comment", "failed", 1.0)} <= found
    assert {counted("star", "ignored", 1.0), counted("push", "refused", 1.0)} <= found
    assert "flowmart_deliveries_waiting 1.0" in found
    assert any(line.startswith("flowmart_delivery_waiting_timestamp_seconds ") for line in found)


def test_what_is_forgotten_stays_counted(inbox: Inbox) -> None:
    inbox.receive("a", "push", Ignored("starts nothing")).result(10)
    assert inbox.prune(2**40).result(10) == 1
    assert {counted("push", "ignored", 1.0), "flowmart_deliveries_waiting 0.0"} <= lines(inbox)


def test_how_long_github_waited_is_counted_by_bounds(inbox: Inbox) -> None:
    for seconds in (0.004, 0.02, 0.02, 30.0):
        inbox.acknowledged(seconds).result(10)
    found = lines(inbox)
    assert {f'flowmart_delivery_ack_seconds_bucket{{le="{bound}"}} {count}' for bound, count in BUCKETS} <= found
    assert {"flowmart_delivery_ack_seconds_count 4.0", "flowmart_delivery_ack_seconds_sum 30.044"} <= found


def test_an_inbox_of_an_earlier_version_is_counted_from_what_it_has(file: Path) -> None:
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as connection:
        for step in STEPS[:2]:
            connection.executescript(step)
        row = "('a', 'push', 1, 1, 'dispatched'), ('b', 'push', 1, 1, 'received')"
        connection.execute(f"INSERT INTO delivery (id, event, at, changed, state) VALUES {row}")  # noqa: S608
        connection.execute("PRAGMA user_version = 2")
    inbox = Inbox(file)
    assert {counted("push", "dispatched", 1.0), "flowmart_deliveries_waiting 1.0"} <= lines(inbox)
    inbox.close()
