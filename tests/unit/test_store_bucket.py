"""A bucket that loses requests and answers: every write happens once, and its writer knows that it was its own."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tasks.domain.errors import AlreadyExists, Unanswered
from tasks.domain.events import UnitPlanned
from tasks.ledger.chain import Ledger
from tasks.ledger.store import Store
from tests.faults.proxy import FaultProxy

SHARE = 0.4
"""Of the requests meet a fault."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def proxy(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    with FaultProxy(server) as found:
        # As the AWS SDKs and the documents name the region; boto3 alone reads AWS_DEFAULT_REGION only.
        monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
        for name, value in {
            "AWS_ENDPOINT_URL": found.address,
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def bucket(proxy: FaultProxy, request: pytest.FixtureRequest) -> str:
    name = request.node.name.replace("_", "-")[:60]
    where = {"LocationConstraint": "eu-west-1"}
    boto3.client("s3", "eu-west-1").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return f"s3://{name}"


def test_an_entry_is_written_once_though_answers_are_lost(proxy: FaultProxy, bucket: str) -> None:
    ledger = Ledger(Store.open(bucket), "ada")
    proxy.reseed(1, SHARE)
    written = [
        ledger.append("dev", UnitPlanned(unit="a", release="r", counts={"create": n})).number for n in range(12)
    ]
    proxy.reseed(1, 0.0)
    found = Ledger(Store.open(bucket), "ben").entries("dev")
    assert written == [*range(1, 13)]
    assert [entry.body["counts"]["create"] for entry in found] == [*range(12)]
    assert {fault.done for fault in proxy.met} == {True, False}


def test_an_equal_object_of_another_writer_is_not_taken_for_ones_own(bucket: str) -> None:
    Store.open(bucket).create("jobs/a", b"claim")
    with pytest.raises(AlreadyExists):
        Store.open(bucket).create("jobs/a", b"claim")


def test_another_writer_who_was_first_is_seen_after_a_lost_request(proxy: FaultProxy, bucket: str) -> None:
    Store.open(bucket).create("jobs/a", b"theirs")
    proxy.reseed(1, SHARE)
    store = Store.open(bucket)
    for _ in range(6):
        with pytest.raises(AlreadyExists):
            store.create("jobs/a", b"ours")
    assert proxy.met


@pytest.mark.usefixtures("proxy")
def test_a_bucket_that_is_not_there_gets_a_sentence() -> None:
    store = Store.open("s3://flowmart-nowhere")
    with pytest.raises(Unanswered, match="ledger/dev could not be listed"):
        store.names("ledger/dev")
    with pytest.raises(Unanswered, match="a could not be written"):
        store.create("a", b"")
