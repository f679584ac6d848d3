"""The client of Prometheus: how it asks, and what is an answer and what is none."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.domain.errors import Unanswered
from tasks.domain.monitoring import PrometheusServer
from tasks.domain.servers import Secret
from tasks.monitoring.answers import QueryRefused
from tasks.monitoring.client import Prometheus
from tests.doubles import prometheus_server
from tests.doubles.prometheus_server import PrometheusDouble, Request, Said, document
from tests.servers.certificates import Certificates, certificates


@pytest.fixture
def double() -> Iterator[PrometheusDouble]:
    with prometheus_server.serving() as found:
        found.values["up"] = lambda _: 1.0
        yield found


def client(double: PrometheusDouble, path: str = "", **about: Any) -> Prometheus:
    return Prometheus(PrometheusServer(double.url + path, **about), seconds=60)


def only(double: PrometheusDouble) -> Request:
    (asked,) = double.asked
    return asked


def test_a_query_is_asked_at_an_explicit_time(double: PrometheusDouble) -> None:
    answer = client(double).instant("up", 1700000000.0)
    assert [series.value for series in answer.series] == [1.0]
    assert only(double).fields["time"] == "1700000000.000"


@pytest.mark.parametrize("path", ["", "/", "/tenants/shop", "/tenants/shop/"])
def test_a_path_in_the_address_is_kept(double: PrometheusDouble, path: str) -> None:
    client(double, path).instant("up")
    assert only(double).path == f"{path.rstrip('/')}/api/v1/query"


def test_headers_and_parameters_are_sent_with_every_request(double: PrometheusDouble) -> None:
    about = {"headers": {"X-Scope-OrgID": "dev"}, "parameters": {"partial_response": "false"}}
    client(double, **about).instant("up")
    client(double, **about).has_series("up", 0, 1)
    assert [each.headers["X-Scope-OrgID"] for each in double.asked] == ["dev", "dev"]
    assert [each.fields["partial_response"] for each in double.asked] == ["false", "false"]


def test_a_password_is_read_from_a_variable(double: PrometheusDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_PASSWORD", "secret")
    client(double, username="flowmart", password=Secret(variable="PROMETHEUS_PASSWORD")).instant("up")
    assert only(double).headers["Authorization"] == "Basic Zmxvd21hcnQ6c2VjcmV0"


def test_a_token_is_read_from_a_file(double: PrometheusDouble, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    client(double, bearer=Secret(file=str(tmp_path / "token"))).instant("up")
    assert only(double).headers["Authorization"] == "Bearer abc"


def test_requests_are_signed_for_amazon(double: PrometheusDouble) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "token"}
    Prometheus(PrometheusServer(double.url, sigv4="eu-west-1"), keys, seconds=60).instant("up")
    headers = only(double).headers
    signed = r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-west-1/aps/aws4_request, SignedHeaders=.*host.*"
    assert re.match(signed, headers["Authorization"])
    assert {name.lower(): value for name, value in headers.items()}["x-amz-security-token"] == "token"


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (Secret(variable="NOT_SET_HERE"), "the environment variable NOT_SET_HERE is empty"),
        (Secret(file="/nowhere/token"), "cannot be read from the file /nowhere/token"),
    ],
)
def test_a_missing_secret_is_no_answer(double: PrometheusDouble, secret: Secret, why: str) -> None:
    with pytest.raises(Unanswered, match=why):
        client(double, bearer=secret).instant("up")
    assert not double.asked


def refusal(status: int, text: str) -> Said:
    return document({"status": "error", "errorType": "bad_data", "error": text}, status)


@pytest.mark.parametrize("status", [400, 422])
def test_a_wrong_query_is_a_mistake(double: PrometheusDouble, status: int) -> None:
    double.instead = lambda _: refusal(status, "parse error: unexpected end of input")
    with pytest.raises(QueryRefused, match="refuses the query: parse error: unexpected end of input"):
        client(double).instant("up")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(200, b"<html>Log in</html>"), "is that a login page?"),
        (Said(200, b""), "is that a login page?"),
        (Said(200, b"[1]"), "is that a login page?"),
        (document({"message": "hello"}), "is that a login page?"),
        (Said(302, b"", {"Location": "https://login.example/"}), "redirects to https://login.example/"),
        (Said(307, b""), "redirects to another page"),
        (Said(400, b"<html>Bad Request</html>"), "status 400"),
        (Said(401, b"no"), "rejects the credentials"),
        (Said(403, b"no"), "denies the request"),
        (Said(404, b"no"), "check the path of the url"),
        (Said(429, b"no"), "too many requests"),
        (Said(500, b"no"), "status 500"),
        (refusal(503, "query timed out"), "query timed out"),
        (document({"status": "success", "data": {"resultType": "vector", "result": [{}]}}), "in an unknown form"),
        (document({"status": "success", "data": {"resultType": "vector", "result": None}}), "in an unknown form"),
    ],
)
def test_what_is_no_result_is_no_answer(double: PrometheusDouble, said: Said, why: str) -> None:
    double.instead = lambda _: said
    with pytest.raises(Unanswered, match=re.escape(why)):
        client(double).instant("up")


def test_a_server_that_is_away_is_no_answer() -> None:
    with prometheus_server.serving() as double:
        asked = client(double)
    with pytest.raises(Unanswered, match="did not answer"):
        asked.instant("up")


def test_a_range_of_samples_is_a_mistake_in_the_query(double: PrometheusDouble) -> None:
    double.instead = lambda _: document({"status": "success", "data": {"resultType": "matrix", "result": []}})
    with pytest.raises(QueryRefused, match="gives a matrix; it must give one number"):
        client(double).instant("up[5m]")


def test_a_native_histogram_is_a_mistake_in_the_query(double: PrometheusDouble) -> None:
    histogram = {"count": "9", "sum": "1.5", "buckets": [[0, "0.5", "1", "9"]]}
    sample = {"metric": {}, "histogram": [1700000000, histogram]}
    data = {"resultType": "vector", "result": [sample]}
    double.instead = lambda _: document({"status": "success", "data": data})
    with pytest.raises(QueryRefused, match="gives a native histogram; take a number of it"):
        client(double).instant("rate(http_request_duration_seconds[5m])")


@pytest.mark.parametrize(
    ("more", "partial"),
    [
        ({}, False),
        ({"warnings": ["PromQL warning: bucket label le is missing"]}, False),
        ({"infos": ["PromQL info: metric might not be a counter"]}, False),
        ({"warnings": ["receive series from Addr: store-1: context deadline exceeded"]}, True),
        ({"isPartial": True}, True),
    ],
)
def test_a_partial_response_is_told_from_remarks_on_the_query(
    double: PrometheusDouble, more: dict[str, Any], partial: bool
) -> None:
    double.more = more
    answer = client(double).instant("up")
    assert answer.partial is partial
    assert list(answer.warnings) == [*more.get("warnings", ()), *more.get("infos", ())]


def test_the_address_in_messages_and_links_has_no_secrets(double: PrometheusDouble) -> None:
    asked = client(double, "/base", parameters={"token": "hidden"})
    assert asked.where == f"{double.url}/base"
    assert asked.link("up{a='b'}", 1700000000, 300).startswith(f"{double.url}/base/graph?g0.expr=up%7Ba%3D%27b%27%7D")
    assert "hidden" not in asked.link("up", 0, 60)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


def test_a_client_certificate_is_shown(files: Certificates) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.load_verify_locations(files.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    with prometheus_server.serving(lambda plain: context.wrap_socket(plain, server_side=True)) as double:
        double.values["up"] = lambda _: 1.0
        known = {"ca": str(files.ca), "certificate": str(files.certificate), "key": str(files.key)}
        assert client(double, **known).instant("up").series
        with pytest.raises(Unanswered):
            client(double, ca=str(files.ca)).instant("up")
        with pytest.raises(Unanswered, match="CERTIFICATE_VERIFY_FAILED"):
            client(double).instant("up")


def test_certificates_that_are_missing_are_no_answer() -> None:
    with pytest.raises(Unanswered, match="TLS files of"):
        Prometheus(PrometheusServer("https://127.0.0.1:9", ca="/nowhere/ca.pem")).instant("up")
