"""The client of Kibana and OpenSearch Dashboards, against a stub of their API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.domain.errors import Unanswered
from tasks.domain.servers import Server
from tasks.elasticsearch.answers import NotPermitted, Rejected
from tasks.elasticsearch.dashboards import Dashboards
from tests.doubles import kibana_stub
from tests.doubles.api_server import Said, document
from tests.doubles.kibana_stub import KibanaStub

VIEW = {"type": "index-pattern", "id": "logs", "attributes": {"title": "logs-*"}, "references": []}
SEARCH = {
    "type": "search",
    "id": "errors",
    "attributes": {"title": "errors"},
    "references": [{"type": "index-pattern", "id": "logs", "name": "index"}],
}


@pytest.fixture
def kibana() -> Iterator[KibanaStub]:
    with kibana_stub.serving() as found:
        yield found


@pytest.fixture
def client(kibana: KibanaStub) -> Dashboards:
    return Dashboards(Server(f"{kibana.url}/s/shop"), seconds=60)


def test_what_is_imported_is_exported_and_deleted(kibana: KibanaStub, client: Dashboards) -> None:
    assert client.exported("search", "errors") is None
    client.imported([VIEW, SEARCH])
    found = client.exported("search", "errors")
    assert found is not None
    assert found["attributes"] == {"title": "errors"}
    client.delete("search", "errors")
    client.delete("search", "errors")
    assert list(kibana.objects) == [("index-pattern", "logs")]
    assert {asked.path.split("?")[0].split("/api")[0] for asked in kibana.double.asked} == {"/s/shop"}


def test_an_import_that_leaves_something_out_is_rejected_though_it_answers_200(client: Dashboards) -> None:
    with pytest.raises(Rejected, match="search/errors: missing_references: index-pattern/logs"):
        client.imported([SEARCH])


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Said(200, b"<html>Log in</html>"), Unanswered),
        (Said(302, b"", {"Location": "/login"}), Unanswered),
        (document({"statusCode": 401, "error": "Unauthorized", "message": "no"}, 401), Unanswered),
        (document({"statusCode": 503, "error": "Service Unavailable", "message": "not ready"}, 503), Unanswered),
        (
            document({"statusCode": 403, "error": "Forbidden", "message": "Unable to import dashboard"}, 403),
            NotPermitted,
        ),
        (document({"statusCode": 400, "error": "Bad Request", "message": "too many"}, 400), Rejected),
    ],
)
def test_what_is_no_answer_is_told_from_a_rejection(
    kibana: KibanaStub, client: Dashboards, said: Said, error: type[Exception]
) -> None:
    kibana.double.answer = lambda _: said
    with pytest.raises(error):
        client.imported([VIEW])
    if said.status != 200:
        with pytest.raises(error):
            client.exported("search", "errors")


def test_the_message_says_why_and_not_only_the_name_of_the_status(kibana: KibanaStub, client: Dashboards) -> None:
    kibana.double.answer = lambda _: document({"statusCode": 400, "error": "Bad Request", "message": "too many"}, 400)
    with pytest.raises(Rejected, match="too many"):
        client.imported([VIEW])
