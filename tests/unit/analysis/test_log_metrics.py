"""A metric of a log is judged as any other: an answer that is none, or a part of one, never fails a release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tasks.analysis import Judging, Sources, ask_all, log_values, was_bad
from tasks.domain.analysis import Analysis, LogQuery, Metric, Rating, Verdict
from tasks.domain.errors import Unanswered
from tasks.domain.logging import ElasticsearchServer
from tasks.elasticsearch.client import Elasticsearch
from tests.doubles import api_server
from tests.doubles.api_server import ApiDouble, Asked, Said

APPLIED = 1_700_000_000.0
ERRORS = Metric("errors", logs=LogQuery("logs-shop-*", "cart", min_documents=20), at_most=10.0, fail_above=50.0)
KINDS = replace(ERRORS, name="errors-new-kinds", at_most=0.0, fail_above=None, tolerate=0)
KINDS = replace(KINDS, logs=replace(KINDS.logs, new_kinds=True))  # type: ignore[type-var]


@pytest.fixture
def double() -> Iterator[ApiDouble]:
    with api_server.serving() as found:
        yield found


def sources(double: ApiDouble) -> Sources:
    return Sources(logs=Elasticsearch(ElasticsearchServer(double.url), seconds=60))


def verdict(double: ApiDouble, *metrics: Metric, minutes: float = 60) -> Any:
    wanted = Analysis(metrics, length=1200.0, window=300.0, patience=0.0)
    return Judging(wanted, "dev", sources(double), APPLIED - 60, APPLIED).judge(APPLIED + minutes * 60)


def counted(bad: int, total: int = 100, newer: int = 1, **more: Any) -> Any:
    """Answers every search with so many documents."""

    def answer(asked: Asked) -> Said:
        if "aggs" not in asked.json:
            return api_server.document({"hits": {"total": {"value": newer}}})
        found = {"bad": {"doc_count": bad, "kinds": {"buckets": []}}}
        return api_server.document({"hits": {"total": {"value": total}}, "aggregations": found, **more})

    return answer


@pytest.mark.parametrize(("bad", "expected"), [(5, Verdict.PASSED), (30, Verdict.INCONCLUSIVE), (60, Verdict.FAILED)])
def test_documents_are_held_against_the_limits(double: ApiDouble, bad: int, expected: Verdict) -> None:
    double.answer = counted(bad)
    assert verdict(double, ERRORS).verdict is expected


def test_the_evidence_says_what_was_counted(double: ApiDouble) -> None:
    double.answer = counted(60)
    window = verdict(double, ERRORS).windows[0]
    assert (window.value, window.rating) == (60.0, Rating.BAD)
    assert "60 of 100 documents" in window.why
    assert window.query.startswith("logs-shop-*/_search")
    assert "FATAL" in window.query


UNKNOWN = {
    "a silent service": counted(0, 0),
    "too few documents": counted(0, 19),
    "an answer in time of a part": counted(60, timed_out=True),
    "an answer of some shards": counted(60, _shards={"failed": 1}),
    "no stream": lambda _: api_server.document({"error": {"type": "index_not_found_exception"}}, 404),
}
SILENT = {
    "nothing newer": counted(60, newer=0),
    **{str(status): (lambda _, s=status: api_server.document({"error": "x"}, s)) for status in (401, 403, 429, 503)},
    "a login page": lambda _: Said(200, b"<html>"),
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_is_not_known_is_inconclusive(double: ApiDouble, answer: Any) -> None:
    double.answer = answer
    found = verdict(double, ERRORS)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert {window.rating for window in found.windows} == {Rating.UNKNOWN}


@pytest.mark.parametrize("answer", SILENT.values(), ids=SILENT.keys())
def test_no_answer_is_inconclusive(double: ApiDouble, answer: Any) -> None:
    double.answer = answer
    found = verdict(double, ERRORS)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert {window.rating for window in found.windows} == {Rating.UNANSWERED}
    assert not found.doubtful


def kinds(before: list[str], after: list[str], earlier: int = 100) -> Any:
    def answer(asked: Asked) -> Said:
        body = asked.json
        if "aggs" not in body:
            return api_server.document({"hits": {"total": 1}})
        if "kinds" in body["aggs"]:
            texts = [{"_source": {"message": f"no, password=hunter2 {n}"}} for n in range(2)]
            listed = [{"key": each, "some": {"hits": {"hits": texts}}} for each in after]
            return api_server.document({"hits": {"total": 9}, "aggregations": {"kinds": {"buckets": listed}}})
        is_past = "2023-11-14T21" in str(body["query"])
        buckets = [{"key": each} for each in (before if is_past else after)]
        found = {"bad": {"doc_count": 1, "kinds": {"buckets": buckets}}}
        return api_server.document({"hits": {"total": earlier if is_past else 100}, "aggregations": found})

    return answer


def test_a_kind_that_was_never_there_is_inconclusive_however_rare(double: ApiDouble) -> None:
    double.answer = kinds(["Timeout"], ["PaymentRefused", "Timeout"])
    found = verdict(double, KINDS)
    assert (found.verdict, found.doubtful) == (Verdict.INCONCLUSIVE, True)
    assert "PaymentRefused: no, password=" in found.windows[0].why
    assert "hunter2" not in found.windows[0].why


def test_a_kind_may_fail_a_release(double: ApiDouble) -> None:
    double.answer = kinds(["Timeout"], ["PaymentRefused"])
    assert verdict(double, replace(KINDS, fail_above=0.0)).verdict is Verdict.FAILED


def test_known_kinds_pass(double: ApiDouble) -> None:
    double.answer = kinds(["Timeout", "Other"], ["Timeout"])
    assert verdict(double, KINDS).verdict is Verdict.PASSED


def test_without_a_past_nothing_is_new(double: ApiDouble) -> None:
    double.answer = kinds([], ["Timeout"], earlier=0)
    found = verdict(double, KINDS)
    assert found.verdict is Verdict.PASSED
    assert "not compared" in found.windows[0].why


def test_a_stream_that_is_silent_keeps_no_other_from_being_asked(double: ApiDouble) -> None:
    other = replace(ERRORS, name="others", logs=LogQuery("logs-mail-*", "mail"))

    def answer(asked: Asked) -> Said:
        return Said(503) if "shop" in asked.path else counted(60)(asked)  # type: ignore[no-any-return]

    double.answer = answer
    assert verdict(double, ERRORS, other).verdict is Verdict.FAILED


def test_levels_are_those_of_many_languages() -> None:
    assert {"error", "ERROR", "critical", "FATAL", "panic"} <= {*log_values.levels("error")}
    assert "warning" not in log_values.levels("error")
    assert "error" not in log_values.levels("critical")


def test_what_was_bad_before_is_found(double: ApiDouble) -> None:
    double.answer = counted(60)
    wanted = Analysis((ERRORS,), length=1200.0, window=300.0)
    assert len(was_bad(wanted, wanted.metrics, sources(double), APPLIED)) == 4


def mapped(**fields: str) -> Any:
    listed = {
        name.replace("__", "."): {kind: {"type": kind, "searchable": True, "aggregatable": kind != "text"}}
        for name, kind in fields.items()
    }
    return lambda _: api_server.document({"indices": ["x"], "fields": {**listed, "@timestamp": {"date": {}}}})


def asked(double: ApiDouble, metric: Metric = KINDS) -> Any:
    return ask_all(Analysis((metric,)), (metric,), sources(double), APPLIED)


def test_fields_that_are_mapped_are_no_mistake(double: ApiDouble) -> None:
    double.answer = mapped(service__name="keyword", log__level="keyword", error__type="keyword")
    assert (asked(double).mistakes, asked(double).warnings) == ((), ())
    assert "fields=%40timestamp%2Cservice.name%2Clog.level%2Cerror.type" in double.asked[0].path


@pytest.mark.parametrize("missing", ["service__name", "log__level", "error__type"])
def test_a_field_that_is_not_mapped_is_a_mistake(double: ApiDouble, missing: str) -> None:
    known = dict.fromkeys(("service__name", "log__level", "error__type"), "keyword")
    del known[missing]
    double.answer = mapped(**known)
    (mistake,) = asked(double).mistakes
    assert missing.replace("__", ".") in mistake


def test_a_field_of_text_is_a_mistake(double: ApiDouble) -> None:
    double.answer = mapped(service__name="keyword", log__level="text", error__type="keyword")
    (mistake,) = asked(double).mistakes
    assert "log.level.keyword" in mistake


def test_a_stream_that_is_not_there_yet_is_a_warning(double: ApiDouble) -> None:
    double.answer = lambda _: api_server.document({"indices": [], "fields": {}})
    assert (asked(double).mistakes, len(asked(double).warnings)) == ((), 1)
    double.answer = lambda _: api_server.document({"error": {"type": "index_not_found_exception"}}, 404)
    assert (asked(double).mistakes, len(asked(double).warnings)) == ((), 1)


@pytest.mark.parametrize("status", [401, 403, 503])
def test_fields_that_cannot_be_asked_for_are_no_mistake(double: ApiDouble, status: int) -> None:
    double.answer = lambda _: api_server.document({"error": "x"}, status)
    with pytest.raises(Unanswered):
        asked(double)
