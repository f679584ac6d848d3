"""Requests to a declared server that cannot be sent: nothing of the credentials is in the error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.domain.errors import Unanswered
from tasks.domain.servers import Secret, Server
from tasks.servers.connection import Connection
from tests.doubles import api_server
from tests.doubles.api_server import ApiDouble


@pytest.fixture
def double() -> Iterator[ApiDouble]:
    with api_server.serving() as found:
        yield found


def test_the_line_end_after_a_token_is_not_sent(double: ApiDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_TOKEN", "abc\n")
    Connection(Server(double.url, bearer=Secret(variable="PROMETHEUS_TOKEN"))).send("GET", "/")
    assert double.asked[0].headers["Authorization"] == "Bearer abc"


@pytest.mark.parametrize("token", ["geheim-größe", "geheim\nmore"])
def test_a_token_that_is_no_header_is_not_shown(
    double: ApiDouble, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("PROMETHEUS_TOKEN", token)
    with pytest.raises(Unanswered, match=r"was not asked: .* check its url and credentials") as raised:
        Connection(Server(double.url, bearer=Secret(variable="PROMETHEUS_TOKEN"))).send("GET", "/")
    assert "geheim" not in str(raised.value)


def test_a_name_that_is_too_long_for_dns_is_unanswered() -> None:
    with pytest.raises(Unanswered, match="was not asked"):
        Connection(Server(f"http://{'a' * 70}.example")).send("GET", "/")
