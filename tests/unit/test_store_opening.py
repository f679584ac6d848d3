"""A store from before each platform had its own part: its objects are not taken for nothing, but moved."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from deployments import cli
from tasks.domain.errors import InvalidInput, Unequipped
from tasks.domain.events import EnvironmentFrozen
from tasks.ledger.chain import Ledger
from tasks.ledger.history import History
from tasks.ledger.opening import open_store
from tasks.ledger.store import Store
from tasks.promotion.runtime import compose
from tasks.settings import Settings


def settings(store: str, platform: str = "bakery") -> Settings:
    return Settings(store=store, platform=platform, actor="tester")


def fill(store: Store, platform: str = "") -> None:
    """An entry as it was written before entries named their platform, and a release."""
    Ledger(store, "tester", platform=platform).append("dev", EnvironmentFrozen(reason="sale", until=None))
    store.create("releases/0123456789ab.json", b"{}")
    store.create("keys/secrets", b"random")


@pytest.mark.parametrize("platform", ["", "bakery"])
def test_commands_say_how_to_move_the_old_objects(tmp_path: Path, platform: str) -> None:
    fill(Store.open(str(tmp_path / "a store")), platform)
    chosen = settings(str(tmp_path / "a store"))
    with pytest.raises(InvalidInput, match=r"ledger and releases of platform bakery belong in .*/bakery\.") as told:
        compose(chosen)
    subprocess.run(["sh", "-c", str(told.value).splitlines()[-1]], check=True)
    assert History(chosen).state("dev").frozen is not None
    assert compose(chosen).store.names("releases") == ("releases/0123456789ab.json",)
    assert compose(chosen).store.read("keys/secrets") == b"random"


def test_a_release_alone_is_moved_too(tmp_path: Path) -> None:
    Store.open(str(tmp_path)).create("releases/0123456789ab.json", b"{}")
    with pytest.raises(InvalidInput, match=rf"mv {tmp_path}/releases {tmp_path}/bakery/"):
        History(settings(str(tmp_path)))


def test_objects_of_another_platform_are_left_to_it(tmp_path: Path) -> None:
    fill(Store.open(str(tmp_path)), "butchery")
    assert History(settings(str(tmp_path))).ledger.environments() == ()
    with pytest.raises(InvalidInput, match="platform butchery"):
        History(settings(str(tmp_path), "butchery"))


@pytest.mark.parametrize("other", ["ledger", "releases"])
def test_a_platform_that_is_named_like_a_folder_is_no_old_store(tmp_path: Path, other: str) -> None:
    fill(open_store(settings(str(tmp_path), other)), other)
    assert History(settings(str(tmp_path))).ledger.environments() == ()
    assert History(settings(str(tmp_path), other)).ledger.environments() == ("dev",)


def test_a_platform_with_objects_of_its_own_goes_on(tmp_path: Path) -> None:
    fill(open_store(settings(str(tmp_path))))
    fill(Store.open(str(tmp_path)))
    assert History(settings(str(tmp_path))).ledger.environments() == ("dev",)


def test_doctor_says_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(Store.open(str(tmp_path / "store")))
    for name, value in {
        "STORE": tmp_path / "store",
        "REPOSITORY": tmp_path,
        "PROFILE": "none",
        "PLATFORM": "bakery",
    }.items():
        monkeypatch.setenv(f"FLOWMART_{name}", str(value))
    assert cli.run(["doctor", "--json"]) == 1
    (store,) = [each for each in json.loads(capsys.readouterr().out)["checks"] if each["subject"] == "store"]
    assert (store["state"], "Move them" in store["found"]) == ("fails", True)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A bucket of a server that other tests use too."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    name, where = tmp_path.name.replace("_", "-"), {"LocationConstraint": "eu-west-1"}
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)  # type: ignore[arg-type]
    yield f"s3://{name}"
    server.stop()


@pytest.mark.parametrize("prefix", ["", "/ours"])
def test_objects_in_a_bucket_are_moved_with_the_aws_command(bucket: str, prefix: str) -> None:
    fill(Store.open(f"{bucket}{prefix}"))
    with pytest.raises(InvalidInput) as told:
        History(settings(f"{bucket}{prefix}/"))
    assert str(told.value).splitlines()[1:] == [
        f"  aws s3 mv --recursive {bucket}{prefix}/ledger {bucket}{prefix}/bakery/ledger",
        f"  aws s3 mv --recursive {bucket}{prefix}/releases {bucket}{prefix}/bakery/releases",
        f"  aws s3 mv --recursive {bucket}{prefix}/keys {bucket}{prefix}/bakery/keys",
    ]


@pytest.mark.parametrize("address", ["/dev/null/store", "a\0b", "~nobody-here/store"])
def test_a_folder_that_cannot_be_is_refused(address: str) -> None:
    with pytest.raises(Unequipped, match=r"FLOWMART_STORE=.*: the folder cannot be used: "):
        Store.open(address)


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        ("missing", r"The config profile \(missing\) could not be found"),
        ("chained", 'source_profile "nowhere" .* does not exist'),
        ("failing", "Error when retrieving credentials from custom-process"),
        ("garbled", "credential_process printed something that is not JSON"),
        ("unclosed", "credential_process in the AWS configuration: No closing quotation"),
    ],
)
def test_a_login_that_this_machine_lacks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, why: str
) -> None:
    (tmp_path / "config").write_text(
        "[profile chained]\nregion=eu-west-1\nrole_arn=arn:aws:iam::111111111111:role/x\nsource_profile=nowhere\n"
        "[profile failing]\nregion=eu-west-1\ncredential_process=false\n"
        "[profile garbled]\nregion=eu-west-1\ncredential_process=echo vault: 503\n"
        "[profile unclosed]\nregion=eu-west-1\ncredential_process=vault read 'aws\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", profile)
    with pytest.raises(Unequipped, match=f"could not open FLOWMART_STORE=s3://states: .*{why}"):
        Store.open("s3://states/flowmart")
