"""Who FlowMart is before it assumes a role of an environment: every way that AWS's own chain knows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from tasks import aws, tool_environment
from tests.servers.loopback import serving

ROLE = "arn:aws:iam::222222222222:role/shop-plan"
MIDDLE = "arn:aws:iam::111111111111:role/middle"


class Metadata(BaseHTTPRequestHandler):
    """An instance's metadata service, version 2."""

    def do_PUT(self) -> None:
        self._answer("token")

    def do_GET(self) -> None:
        keys = {"AccessKeyId": "instance", "SecretAccessKey": "of-the-instance", "Token": "t", "Code": "Success"}
        known = {"": "worker", "worker": json.dumps({**keys, "Expiration": "2999-01-01T00:00:00Z"})}
        self._answer(known[self.path.rpartition("/")[2]])

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An AWS, and a process without any identity there."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    yield monkeypatch
    server.stop()


def profile(folder: Path, patch: pytest.MonkeyPatch) -> None:
    (folder / "credentials").write_text("[work]\naws_access_key_id = a\naws_secret_access_key = b\n")
    patch.setenv("AWS_PROFILE", "work")


def chain(folder: Path, patch: pytest.MonkeyPatch) -> None:
    (folder / "credentials").write_text("[first]\naws_access_key_id = a\naws_secret_access_key = b\n")
    (folder / "config").write_text(f"[profile work]\nrole_arn = {MIDDLE}\nsource_profile = first\n")
    patch.setenv("AWS_PROFILE", "work")


def web_identity(folder: Path, patch: pytest.MonkeyPatch) -> None:
    (folder / "token").write_text("header.payload.signature")
    patch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(folder / "token"))
    patch.setenv("AWS_ROLE_ARN", MIDDLE)


@pytest.mark.parametrize("way", [profile, chain, web_identity])
def test_the_role_is_assumed_and_tools_see_nothing_of_how(
    way: Callable[[Path, pytest.MonkeyPatch], None], nobody: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    way(tmp_path, nobody)
    assert_assumed()


def test_an_instance_assumes_it_by_its_own_role(nobody: pytest.MonkeyPatch) -> None:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Metadata)) as metadata:
        nobody.delenv("AWS_EC2_METADATA_DISABLED")
        nobody.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{metadata.server_address[1]}")
        assert_assumed()


def assert_assumed() -> None:
    found = aws.assume(ROLE, "eu-west-1", "tests")
    seen = aws.client("sts", found).get_caller_identity()["Arn"]
    assert seen == "arn:aws:sts::222222222222:assumed-role/shop-plan/tests"
    given = tool_environment.kept(os.environ) | found.environment()
    assert [name for name in given if name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE")] == []
    assert given["AWS_ACCESS_KEY_ID"] == found.access_key_id
