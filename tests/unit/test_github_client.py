"""What the client of GitHub makes of responses that are not GitHub's, or that say to come back later."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import getitem

import pytest
from pydantic import SecretStr

from tasks.domain.errors import InvalidInput, Refused, Unanswered
from tasks.github.client import Client, connect
from tasks.settings import Settings
from tests.doubles import api_server
from tests.doubles.api_server import ApiDouble, Said, document

TOKEN, PLATFORM = "ghp_x", "flowmart/infrastructure"


@pytest.fixture
def double() -> Iterator[ApiDouble]:
    with api_server.serving() as found:
        yield found


def client(double: ApiDouble, token: str = TOKEN) -> Client:
    return connect(Settings(github_api=double.url, github_token=SecretStr(token)))


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b"<html>log in</html>", b'{"a": [1,', b"", b'{"a": "\xff"}'],
    ids=["too deep", "a login page", "cut off", "empty", "in another encoding"],
)
def test_a_response_that_is_not_githubs_is_unanswered(double: ApiDouble, body: bytes) -> None:
    double.answer = lambda _: Said(200, body)
    with pytest.raises(Unanswered, match=r"GET /repos/\S+/x: the response is cut off, or not GitHub's"):
        client(double).ask("GET", PLATFORM, "/x")


@pytest.mark.parametrize("body", [b"null", b'{"message": "try later"}'])
def test_a_list_that_is_none_is_unanswered(double: ApiDouble, body: bytes) -> None:
    double.answer = lambda _: Said(200, body)
    with pytest.raises(Unanswered, match="not GitHub's"):
        list(client(double).all(PLATFORM, "/x"))


@pytest.mark.parametrize("names", [("login",), ("head", "sha")])
def test_a_name_that_a_response_lacks_is_unanswered(double: ApiDouble, names: tuple[str, ...]) -> None:
    double.answer = lambda _: document({"head": {}})
    found = client(double).ask("GET", PLATFORM, "/x")
    with pytest.raises(Unanswered, match=rf"GET /repos/\S+/x: no '{names[-1]}' in it: the response is cut off"):
        reduce(getitem, names, found)


def test_a_response_without_content_is_none(double: ApiDouble) -> None:
    double.answer = lambda _: Said(204, b"")
    assert client(double).ask("DELETE", PLATFORM, "/x") is None


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."),
        (403, "You have triggered an abuse detection mechanism."),
        (429, "Too many requests"),
        (408, "Request timed out"),
    ],
)
def test_a_limit_without_a_time_is_unanswered(double: ApiDouble, status: int, message: str) -> None:
    double.answer = lambda _: document({"message": message}, status)
    with pytest.raises(Unanswered, match=f"{status} "):
        client(double).ask("POST", PLATFORM, "/x", {})


def test_a_missing_permission_is_a_rejection(double: ApiDouble) -> None:
    double.answer = lambda _: document({"message": "Resource not accessible by integration"}, 403)
    with pytest.raises(Refused, match="which permissions are needed"):
        client(double).ask("POST", PLATFORM, "/x", {})


def test_the_line_end_after_a_token_is_not_sent(double: ApiDouble) -> None:
    client(double, "ghp_x\n").ask("GET", PLATFORM, "/x")
    assert double.asked[0].headers["Authorization"] == "token ghp_x"


def test_a_token_that_is_no_header_is_refused_without_showing_it(double: ApiDouble) -> None:
    with pytest.raises(InvalidInput, match="the token has characters that a header cannot have") as refused:
        client(double, "ghp_x\nsecret").ask("GET", PLATFORM, "/x")
    assert "secret" not in str(refused.value)
