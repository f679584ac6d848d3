"""Credentials: what they show, how long they are kept, and what boto3's errors mean for us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from tasks import aws
from tasks.domain.errors import Refused, Unequipped
from tests.servers.loopback import serving

ROLE = "arn:aws:iam::222222222222:role/flowmart-plan"

ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIA{number:016}</AccessKeyId><SecretAccessKey>secret-{number}</SecretAccessKey>
<SessionToken>token-{number}</SessionToken><Expiration>{expiration}</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""


class Sts(ThreadingHTTPServer):
    """An STS that hands out numbered credentials, valid for `minutes`."""

    asked = 0
    minutes = 60
    session_name = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Sts

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.session_name = parse_qs(sent)["RoleSessionName"][0]
        self.server.asked += 1
        expiration = datetime.now(UTC) + timedelta(minutes=self.server.minutes)
        body = ANSWER.format(number=self.server.asked, expiration=expiration.isoformat()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sts]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with serving(Sts(("127.0.0.1", 0), _Handler)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOPERATOR")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "operator-secret")
        yield server


def credentials(**changes: Any) -> aws.Credentials:
    values: dict[str, Any] = {
        "role": ROLE,
        "region": "eu-west-1",
        "access_key_id": "ASIAEXAMPLE",
        "secret_access_key": SecretStr("very-secret"),
        "session_token": SecretStr("very-long-token"),
        "expires_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return aws.Credentials(**values | changes)


def test_secrets_do_not_print() -> None:
    shown = f"{credentials()!r} {credentials()}"
    assert "ASIAEXAMPLE" in shown
    assert "very" not in shown


def test_the_environment_of_a_tool_holds_the_role_and_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert credentials().environment() == {
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "very-secret",
        "AWS_SESSION_TOKEN": "very-long-token",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def test_the_endpoint_is_passed_on_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert credentials().environment()["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"


def test_the_endpoint_of_one_service_goes_before_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:4567")
    found = {service: aws.client(service, credentials()).meta.endpoint_url for service in ("sqs", "sns")}
    assert found == {"sqs": "http://127.0.0.1:4567", "sns": "http://127.0.0.1:4566"}


def test_a_tool_that_was_led_elsewhere_is_followed_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    led = {**credentials().environment(), "AWS_ENDPOINT_URL": "http://127.0.0.1:4568"}
    assert aws.client_with("sns", led).meta.endpoint_url == "http://127.0.0.1:4568"


def test_credentials_are_asked_for_once(sts: Sts) -> None:
    sessions = aws.RoleSessions("tests")
    first, second = sessions.assume(ROLE, "eu-west-1"), sessions.assume(ROLE, "eu-west-1")
    assert first == second
    assert first.session_token.get_secret_value() == "token-1"
    assert sts.asked == 1


def test_a_session_is_called_what_sts_takes_for_a_name(sts: Sts) -> None:
    aws.assume(ROLE, "eu-west-1", "promote 3f2a1c to staging: Zoë" + "!" * 99)
    assert sts.session_name == "promote-3f2a1c-to-staging--Zo-" + "-" * 34


def test_threads_that_ask_at_the_same_time_share_one_answer(sts: Sts) -> None:
    sessions = aws.RoleSessions("tests")
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: sessions.assume(ROLE, "eu-west-1"), range(16)))
    assert (len(found), sts.asked) == (1, 1)


def test_another_role_gets_its_own(sts: Sts) -> None:
    sessions = aws.RoleSessions("tests")
    found = {sessions.assume(role, "eu-west-1").access_key_id for role in (ROLE, f"{ROLE}-2")}
    assert (len(found), sts.asked) == (2, 2)


def test_two_runs_share_no_credentials(sts: Sts) -> None:
    found = {aws.RoleSessions("same").assume(ROLE, "eu-west-1").access_key_id for _ in range(2)}
    assert (len(found), sts.asked) == (2, 2)


def test_credentials_that_are_about_to_expire_are_renewed(sts: Sts) -> None:
    sts.minutes = 5
    sessions = aws.RoleSessions("tests")
    assert sessions.assume(ROLE, "eu-west-1") != sessions.assume(ROLE, "eu-west-1")
    assert sts.asked == 2


def test_a_client_is_made_once_for_one_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_SNS", raising=False)
    assert aws.client("sns", credentials()) is aws.client("sns", credentials())
    assert aws.client("sns", credentials()) is not aws.client("sns", credentials(session_token=SecretStr("other")))


def test_a_client_asks_where_the_environment_says_now(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for port in ("4566", "4567"):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{port}")
        found.append(aws.client("sns", credentials()).meta.endpoint_url)
    assert found == ["http://127.0.0.1:4566", "http://127.0.0.1:4567"]


def test_a_service_that_does_not_exist_is_named() -> None:
    with pytest.raises(Refused, match="could not reach no-such-service"):
        aws.client("no-such-service", credentials())


def test_without_credentials_it_says_what_to_do(sts: Sts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    with pytest.raises(Unequipped, match=r"could not assume .*: no usable AWS credentials here .* set AWS_PROFILE"):
        aws.assume(ROLE, "eu-west-1", "tests")
    assert sts.asked == 0
