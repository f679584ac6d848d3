"""Secrets that tools are given: from where they come, who may have them, and that no text shows them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tasks import masking
from tasks.credentials import Secrets
from tasks.domain.credentials import Source
from tasks.domain.errors import FlowmartError, InvalidInput, Refused, Unanswered

ABOUT = ("dev", "plan")


def read(source: Source, **variables: str) -> str:
    return Secrets().read({"DATABASE_PASSWORD": source}, variables, ABOUT)["DATABASE_PASSWORD"]


def prints(text: str, code: int = 0) -> Source:
    program = "import sys; print(sys.argv[1], end=''); print('sealed:', sys.argv[1], file=sys.stderr); "
    program += "sys.exit(int(sys.argv[2]))"
    return Source(command=(sys.executable, "-c", program, text, str(code)))


def test_a_secret_comes_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse \n")
    assert read(Source(file=str(tmp_path / "secret"))) == "correct horse "


def test_a_secret_comes_from_a_command_and_is_masked_from_then_on() -> None:
    assert read(prints("c4nary-of-a-command\n")) == "c4nary-of-a-command"
    assert "c4nary" not in masking.mask("it is c4nary-of-a-command here")


def test_a_secret_that_is_slow_to_come_holds_up_no_other(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slow")
    (tmp_path / "quick").write_text("there at once")
    secrets = Secrets()
    with ThreadPoolExecutor(1) as others:
        slow = others.submit(secrets.read, {"SLOW": Source(file=str(tmp_path / "slow"))}, {}, ABOUT)
        with (tmp_path / "slow").open("w") as pipe:  # opens once somebody reads from it
            quick = secrets.read({"QUICK": Source(file=str(tmp_path / "quick"))}, {}, ABOUT)
            pipe.write("there in the end")
    assert (quick, slow.result()) == ({"QUICK": "there at once"}, {"SLOW": "there in the end"})


def test_a_key_is_taken_out_of_json() -> None:
    document = json.dumps({"username": "shop", "password": "c4nary-in-json", "port": 5432})
    assert read(Source(command=prints(document).command, key="password")) == "c4nary-in-json"
    assert read(Source(command=prints(document).command, key="port")) == "5432"


def test_a_command_gets_the_credentials_of_the_purpose_and_nothing_of_the_product(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "flowmart:of-the-product")
    program = "import os; print(os.environ['ROLE'], os.environ.get('PREFECT_API_AUTH_STRING'))"
    assert read(Source(command=(sys.executable, "-c", program)), ROLE="reader") == "reader None"


def test_a_variable_is_handed_on_only_if_whoever_runs_the_product_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DEV_TOKEN", "c4nary-of-a-variable")
    monkeypatch.delenv("FLOWMART_SECRET_VARIABLES", raising=False)
    with pytest.raises(InvalidInput, match="SHOP_DEV_TOKEN may not be handed to tools: add it to FLOWMART_SECRET_"):
        read(Source(variable="SHOP_DEV_TOKEN"))
    monkeypatch.setenv("FLOWMART_SECRET_VARIABLES", "OTHER, SHOP_*")
    assert read(Source(variable="SHOP_DEV_TOKEN")) == "c4nary-of-a-variable"


def unreadable(tmp_path: Path) -> list[tuple[Source, type[FlowmartError], str]]:
    (tmp_path / "empty").write_text("\n")
    return [
        (Source(file=str(tmp_path / "none")), Unanswered, "cannot be read from the file .*/none"),
        (Source(file=str(tmp_path / "empty")), Unanswered, "the secret DATABASE_PASSWORD is empty: file .*/empty"),
        (prints("c4nary-on-failure", 3), Unanswered, r"gave no secret \(exit code 3\): sealed: "),
        (Source(command=("no-such-program",)), InvalidInput, "no-such-program"),
        (
            Source(command=prints('{"c4nary-broken').command, key="password"),
            Refused,
            "not a JSON object with the key pa",
        ),
        (
            Source(command=prints('["c4nary-list"]').command, key="password"),
            Refused,
            "not a JSON object with the key pa",
        ),
    ]


@pytest.mark.parametrize("number", range(6), ids=["no file", "empty", "fails", "no program", "no JSON", "no key"])
def test_a_secret_that_cannot_be_read_is_told_without_a_piece_of_it(tmp_path: Path, number: int) -> None:
    source, error, said = unreadable(tmp_path)[number]
    with pytest.raises(error, match=said) as told:
        read(source)
    assert "c4nary" not in str(told.value)


def test_a_secret_is_read_again_once_it_is_old_and_for_another_purpose(tmp_path: Path) -> None:
    now, file = [0.0], tmp_path / "secret"
    secrets, sources = Secrets(lambda: now[0]), {"TOKEN": Source(file=str(file))}
    file.write_text("c4nary-first")
    assert secrets.read(sources, {}, ABOUT) == {"TOKEN": "c4nary-first"}
    file.write_text("c4nary-second")
    assert secrets.read(sources, {}, ABOUT) == {"TOKEN": "c4nary-first"}
    assert secrets.read(sources, {}, ("dev", "apply")) == {"TOKEN": "c4nary-second"}
    now[0] = 301.0
    assert secrets.read(sources, {}, ABOUT) == {"TOKEN": "c4nary-second"}


# --- AWS ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The credentials of a role in an AWS with a secret and a parameter."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    made = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    session = boto3.Session("a", "b", region_name="eu-west-1")

    def client(name: str) -> object:
        return session.client(name, endpoint_url=made["AWS_ENDPOINT_URL"])  # type: ignore[call-overload]

    secret: Callable[..., object] = client("secretsmanager").create_secret  # type: ignore[attr-defined]
    secret(Name="shop/dev/db", SecretString=json.dumps({"password": "c4nary-of-secrets-manager"}))
    client("ssm").put_parameter(Name="/shop/dev/db", Value="c4nary-of-ssm", Type="SecureString")  # type: ignore[attr-defined]
    yield made
    server.stop()


def test_secrets_come_from_aws_as_the_role(role: dict[str, str]) -> None:
    assert read(Source(secretsmanager="shop/dev/db", key="password"), **role) == "c4nary-of-secrets-manager"
    assert read(Source(ssm="/shop/dev/db"), **role) == "c4nary-of-ssm"
    with pytest.raises(Refused, match="read ssm /shop/other"):
        read(Source(ssm="/shop/other"), **role)
