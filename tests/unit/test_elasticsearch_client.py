"""The client of Elasticsearch and OpenSearch: how it asks, and what is an answer, a rejection and none of both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tasks.domain.errors import Refused, Unanswered
from tasks.domain.logging import ElasticsearchServer
from tasks.domain.outcome import Outcome
from tasks.domain.servers import Secret
from tasks.elasticsearch.answers import NotPermitted, Rejected, is_unknown_path
from tasks.elasticsearch.client import Elasticsearch
from tests.doubles import api_server
from tests.doubles.api_server import ApiDouble, Said, document


@pytest.fixture
def double() -> Iterator[ApiDouble]:
    with api_server.serving() as found:
        yield found


def client(double: ApiDouble, path: str = "", **about: Any) -> Elasticsearch:
    return Elasticsearch(ElasticsearchServer(double.url + path, **about), seconds=60)


def rejection(kind: str, reason: str, status: int, **more: Any) -> Said:
    return document({"error": {"type": kind, "reason": reason, **more}, "status": status}, status)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ({"number": "9.1.0", "build_flavor": "default"}, "Elasticsearch 9.1.0"),
        ({"number": "8.19.2"}, "Elasticsearch 8.19.2"),
        ({"number": "2.19.6", "distribution": "opensearch"}, "OpenSearch 2.19.6"),
        ({"number": "3.2.0", "distribution": "opensearch"}, "OpenSearch 3.2.0"),
        ({"number": "7.10.2", "distribution": "opensearch"}, "OpenSearch 7.10.2"),
    ],
)
def test_the_products_are_told_apart(double: ApiDouble, version: dict[str, str], told: str) -> None:
    double.answer = lambda _: document({"name": "node", "version": version})
    asked = client(double)
    assert str(asked.product) == told
    assert asked.product.is_opensearch is told.startswith("OpenSearch")
    assert len(double.asked) == 1


@pytest.mark.parametrize(
    "version", [{"number": "7.17.0"}, {"number": "6.8.0"}, {"number": "1.3.0", "distribution": "opensearch"}]
)
def test_a_product_that_is_too_old_is_refused(double: ApiDouble, version: dict[str, str]) -> None:
    double.answer = lambda _: document({"version": version})
    with pytest.raises(Rejected, match="Elasticsearch 8 and later, and OpenSearch 2 and later"):
        _ = client(double).product


@pytest.mark.parametrize("answer", [{"status": "success"}, {"version": "1"}, [], {"version": {"number": 2}}])
def test_another_server_is_no_answer(double: ApiDouble, answer: Any) -> None:
    double.answer = lambda _: document(answer)
    with pytest.raises(Unanswered, match="is neither an Elasticsearch nor an OpenSearch"):
        _ = client(double).product


def test_an_api_key_is_sent_and_a_path_in_the_address_is_kept(
    double: ApiDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_KEY", "aWQ6a2V5")
    client(double, "/search", api_key=Secret(variable="SEARCH_KEY")).send("GET", "/_cat/health", format="json")
    (asked,) = double.asked
    assert (asked.headers["Authorization"], asked.path) == ("ApiKey aWQ6a2V5", "/search/_cat/health?format=json")


def test_requests_are_signed_for_amazon(double: ApiDouble) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "key"}
    Elasticsearch(ElasticsearchServer(double.url, sigv4="eu-west-1"), keys, 60).send("PUT", "/_index_template/a", {})
    signed = r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-west-1/es/aws4_request,"
    assert re.match(signed, double.asked[0].headers["Authorization"])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(200, b"<html>Log in</html>"), "is that a login page?"),
        (Said(200, b""), "is that a login page?"),
        (Said(302, b"", {"Location": "https://login.example/"}), "redirects to https://login.example/"),
        (Said(400, b"<html>Bad Request</html>"), "status 400 without a reason"),
        (Said(401, b"no"), "rejects the credentials"),
        (rejection("security_exception", "unable to authenticate user", 401), "unable to authenticate user"),
        (Said(404, b"<html>Not found</html>"), "Check the path of the url"),
        (document({"message": "no Route matched"}, 404), "Check the path of the url"),
        (rejection("circuit_breaking_exception", "Data too large", 429), "Data too large"),
        (Said(429, b""), "too many requests"),
        (rejection("null_pointer_exception", "null", 500), "null"),
        (Said(502, b"<html>Bad Gateway</html>"), "the server has a problem"),
        (rejection("master_not_discovered_exception", "none", 503), "none"),
        (rejection("cluster_block_exception", "index [a] blocked by: [FORBIDDEN/12/read-only]", 403), "blocked by"),
        (document({"acknowledged": False}), "not all nodes have acknowledged it"),
    ],
)
def test_what_is_no_result_is_no_answer(double: ApiDouble, said: Said, why: str) -> None:
    double.answer = lambda _: said
    with pytest.raises(Unanswered, match=re.escape(why)):
        client(double).send("PUT", "/_index_template/shop", {})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            rejection("mapper_parsing_exception", "No handler for type [keywort]", 400),
            "No handler for type [keywort]",
        ),
        (
            rejection("illegal_argument_exception", "bad", 400, caused_by={"type": "x", "reason": "worse"}),
            "bad: worse",
        ),
        (
            rejection(
                "exception", "bad", 500, caused_by={"type": "x_content_parse_exception", "reason": "[1:11] source"}
            ),
            "bad: [1:11] source",
        ),
        (rejection("index_not_found_exception", "no such index [a]", 404), "no such index [a]"),
        (rejection("resource_already_exists_exception", "index [a] exists", 409), "index [a] exists"),
        (document({"error": "no handler found for uri [/_ilm/policy] and method [GET]"}, 400), "no handler found"),
        (Said(413, b'{"error": "too large"}'), "too large"),
    ],
)
def test_what_the_server_rejects_is_refused_with_its_reason(double: ApiDouble, said: Said, why: str) -> None:
    double.answer = lambda _: said
    with pytest.raises(Rejected, match=re.escape(why)):
        client(double).send("PUT", "/_index_template/shop", {})


def test_a_reason_that_is_in_another_one_is_said_once(double: ApiDouble) -> None:
    inner = {"type": "mapper_parsing_exception", "reason": "No handler for type [keywort]"}
    outer = {"type": "x", "reason": f"Failed to parse [_doc]: {inner['reason']}", "caused_by": inner}
    double.answer = lambda _: rejection("invalid", "template is invalid", 400, caused_by=outer)
    with pytest.raises(Rejected) as raised:
        client(double).send("PUT", "/_index_template/shop", {})
    told = "PUT /_index_template/shop: template is invalid: Failed to parse [_doc]: No handler for type [keywort]"
    assert str(raised.value).endswith(f"{told} (status 400)")


def test_a_right_that_is_missing_is_told_from_a_wrong_request(double: ApiDouble) -> None:
    double.answer = lambda _: rejection(
        "security_exception", "no permissions for [indices:admin/index_template]", 403
    )
    with pytest.raises(NotPermitted, match="check the role's rights"):
        client(double).find("/_index_template/shop")


def test_an_api_that_the_server_does_not_have_is_told_from_a_wrong_request(double: ApiDouble) -> None:
    double.answer = lambda _: document({"error": "no handler found for uri [/_ilm/policy/a] and method [GET]"}, 400)
    with pytest.raises(Rejected) as raised:
        client(double).find("/_ilm/policy/a")
    assert is_unknown_path(raised.value)


@pytest.mark.parametrize(
    "said",
    [
        rejection("resource_not_found_exception", "index template matching [a] not found", 404),
        document({}, 404),
        document({"_index": "a", "_id": "1", "found": False}, 404),
    ],
)
def test_what_is_absent_is_none(double: ApiDouble, said: Said) -> None:
    double.answer = lambda _: said
    assert client(double).find("/something") is None


@pytest.mark.parametrize("said", [Said(404, b"<html>"), document({"message": "no Route matched"}, 404)])
def test_somebody_elses_not_found_does_not_say_that_something_is_absent(double: ApiDouble, said: Said) -> None:
    double.answer = lambda _: said
    with pytest.raises(Unanswered):
        client(double).find("/something")


def test_a_server_that_is_away_is_no_answer() -> None:
    with api_server.serving() as double:
        asked = client(double)
    with pytest.raises(Unanswered, match="did not answer"):
        asked.send("GET", "/")


def test_each_item_of_a_bulk_is_read_though_it_answers_200(double: ApiDouble) -> None:
    refused = {"type": "mapper_parsing_exception", "reason": "failed to parse field [a]"}
    items = [
        {"create": {"_id": "1", "status": 201}},
        {"create": {"_id": "2", "status": 409, "error": {"type": "version_conflict_engine_exception"}}},
        {"create": {"_id": "3", "status": 400, "error": refused}},
        {"create": {"_id": "4", "status": 403, "error": {"type": "cluster_block_exception", "reason": "read-only"}}},
        {"create": {"_id": "5", "status": 429, "error": {"type": "es_rejected_execution_exception"}}},
    ]
    double.answer = lambda _: document({"errors": True, "items": items})
    found = client(double).bulk([{"create": {"_index": "a", "_id": "1"}}, {"b": 1}], refresh="true")
    failed, away, done = Outcome.FAILED, Outcome.UNANSWERED, Outcome.SUCCEEDED
    assert [each.outcome for each in found] == [done, failed, failed, away, away]
    assert [each.exists for each in found] == [False, True, False, False, False]
    assert (found[2].kind, found[2].reason) == ("mapper_parsing_exception", "failed to parse field [a]")
    assert double.asked[0].body == b'{"create":{"_index":"a","_id":"1"}}\n{"b":1}\n'
    assert double.asked[0].headers["Content-Type"] == "application/x-ndjson"


@pytest.mark.parametrize(
    ("more", "partial"),
    [
        ({}, False),
        ({"timed_out": True}, True),
        ({"_shards": {"total": 2, "failed": 1}}, True),
        ({"_clusters": {"total": 2, "skipped": 1}}, True),
    ],
)
def test_a_search_says_when_a_part_did_not_answer(double: ApiDouble, more: dict[str, Any], partial: bool) -> None:
    hits = {"total": {"value": 7, "relation": "eq"}, "hits": [{"_id": "1"}]}
    double.answer = lambda _: document({"timed_out": False, "_shards": {"failed": 0}, "hits": hits, **more})
    found = client(double).search("logs-shop-*", {"size": 1})
    assert (found.total, len(found.hits), found.partial) == (7, 1, partial)
    assert double.asked[0].path == "/logs-shop-*/_search"


def test_fields_that_are_not_mapped_are_not_found(double: ApiDouble) -> None:
    caps = {"keyword": {"searchable": True, "aggregatable": True}}
    double.answer = lambda _: document({"indices": ["a"], "fields": {"service.name": caps}})
    assert client(double).fields("logs-*", ["service.name", "log.levle"]) == {"service.name": caps}
    assert double.asked[0].path == "/logs-*/_field_caps?fields=service.name%2Clog.levle"


def test_every_rejection_is_a_refusal_to_those_who_do_not_tell_them_apart() -> None:
    assert issubclass(NotPermitted, Refused)
