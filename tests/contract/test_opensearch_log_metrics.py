"""Metrics of logs on a real OpenSearch: what a service logged before and after an apply, and the verdict on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from tasks.analysis import Judging, Sources, ask_all
from tasks.domain.analysis import Analysis, Compare, LogQuery, Metric, Verdict
from tasks.domain.logging import ElasticsearchServer
from tasks.elasticsearch.client import Elasticsearch

APPLIED = 1_760_000_000.0
MINUTES = range(-30, 32)


def logged(service: str, minute: int) -> Iterator[dict[str, object]]:
    """What a service says in a minute: how many errors, of which kind, and how much else."""
    later = minute >= 0
    errors = {"steady": 1, "worse": 12 if later else 1, "noisy": 20}.get(service, 1)
    others = 0 if service == "silent" and later else 30
    kind = "PaymentRefused" if service == "new" and later and minute % 5 == 0 else "Timeout"
    for level in ["ERROR"] * (0 if service == "silent" and later else errors) + ["INFO"] * others:
        at = datetime.fromtimestamp(APPLIED + minute * 60, UTC).isoformat()
        about = {"@timestamp": at, "service": {"name": service}, "log": {"level": level}, "message": "token=abcdef12"}
        yield about | ({"error": {"type": kind}} if level == "ERROR" else {})


@pytest.fixture(scope="module")
def stream(opensearch: str) -> Iterator[str]:
    name = "metrics-of-logs"
    keyword = {"type": "keyword"}
    fields = {"service.name": keyword, "log.level": keyword, "error.type": keyword, "message": {"type": "text"}}
    lines: list[object] = []
    for service in ("steady", "worse", "noisy", "silent", "new"):
        lines += [line for minute in MINUTES for each in logged(service, minute) for line in ({"create": {}}, each)]
    with httpx.Client(base_url=opensearch, timeout=120) as client:
        mappings = {"properties": {"@timestamp": {"type": "date"}, **fields}}
        template = {"index_patterns": [f"{name}-*"], "data_stream": {}, "priority": 900}
        put = {**template, "template": {"settings": {"number_of_replicas": 0}, "mappings": mappings}}
        assert client.put(f"/_index_template/{name}", json=put).is_success
        body = "".join(f"{json.dumps(line)}\n" for line in lines)
        form = {"Content-Type": "application/x-ndjson"}
        done = client.post(f"/{name}-eu/_bulk?refresh=true", content=body, headers=form).json()
        assert done["errors"] is False
        yield f"{name}-*"
        client.delete(f"/_data_stream/{name}-*")
        client.delete(f"/_index_template/{name}")


def metrics(stream: str, service: str) -> tuple[Metric, Metric]:
    query = LogQuery(stream, service, min_documents=20)
    count = Metric("errors", logs=query, at_most=10.0, fail_above=50.0, compare=Compare("before", 3.0))
    if service == "noisy":
        count = replace(count, at_most=100.0, fail_above=500.0)
    kinds = Metric("kinds", logs=replace(query, new_kinds=True), at_most=0.0, tolerate=0)
    return count, kinds


def analysis(*wanted: Metric) -> Analysis:
    return Analysis(wanted, length=1800.0, window=300.0, patience=0.0)


@pytest.mark.parametrize(
    ("service", "expected", "told"),
    [
        ("steady", Verdict.PASSED, ""),
        ("noisy", Verdict.PASSED, ""),
        ("worse", Verdict.FAILED, "60 of 210 documents"),
        ("silent", Verdict.INCONCLUSIVE, "only 0 documents"),
        ("new", Verdict.INCONCLUSIVE, "new: PaymentRefused"),
        ("nobody", Verdict.INCONCLUSIVE, "only 0 documents"),
    ],
)
def test_a_service_is_judged_by_its_log(
    opensearch: str, stream: str, service: str, expected: Verdict, told: str
) -> None:
    sources = Sources(logs=Elasticsearch(ElasticsearchServer(opensearch)))
    judging = Judging(analysis(*metrics(stream, service)), "dev", sources, APPLIED, APPLIED)
    found = judging.judge(judging.ends)
    assert found.verdict is expected, found
    assert any(told in window.why for window in found.windows)
    assert "abcdef12" not in str(found)


def test_an_absent_stream_is_inconclusive(opensearch: str) -> None:
    sources = Sources(logs=Elasticsearch(ElasticsearchServer(opensearch)))
    for name in ("no-such-stream", "no-such-*"):
        judging = Judging(analysis(*metrics(name, "steady")), "dev", sources, APPLIED, APPLIED)
        assert judging.judge(judging.ends).verdict is Verdict.INCONCLUSIVE


def test_a_field_that_is_misspelt_is_a_mistake_before_anything_is_applied(opensearch: str, stream: str) -> None:
    sources = Sources(logs=Elasticsearch(ElasticsearchServer(opensearch)))
    count, kinds = metrics(stream, "steady")
    assert kinds.logs
    assert ask_all(analysis(count, kinds), (count, kinds), sources, APPLIED).mistakes == ()
    wrong = replace(kinds, logs=replace(kinds.logs, kind_field="error.kind"))
    assert "error.kind" in ask_all(analysis(wrong), (wrong,), sources, APPLIED).mistakes[0]
    by_text = replace(kinds, logs=replace(kinds.logs, level_field="message"))
    assert "must be a keyword" in ask_all(analysis(by_text), (by_text,), sources, APPLIED).mistakes[0]
