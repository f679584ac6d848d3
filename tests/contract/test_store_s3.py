"""The store and the ledger in a bucket: create-only there too, with boto3's own credentials, region and endpoint."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tasks.domain.errors import AlreadyExists, InvalidInput, NotFound
from tasks.domain.events import UnitPlanned
from tasks.ledger.auditing import audit
from tasks.ledger.chain import Ledger
from tasks.ledger.snapshots import EVERY
from tasks.ledger.store import Store
from tests.doubles.memory_store import CountedStore

BUCKET = "flowmart-store-tests"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    variables = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": endpoint}
    for name, value in {**variables, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def store(aws: None, request: pytest.FixtureRequest) -> Store:
    s3 = boto3.client("s3")
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return Store.open(f"s3://{BUCKET}/{request.node.name}")


def test_a_name_is_written_once(store: Store) -> None:
    store.create("releases/a", b"first")
    with pytest.raises(AlreadyExists):
        store.create("releases/a", b"second")
    assert store.read("releases/a") == b"first"
    with pytest.raises(NotFound):
        store.read("releases/b")


def test_what_is_passing_may_be_removed_and_is_not_missed(store: Store) -> None:
    names = [f"jobs/dev/{number:04d}/request.json" for number in range(1100)]
    for name in names[::100]:
        store.create(name, b"")
    store.remove(names[:-100])
    assert store.names("jobs") == (names[1000],)


def test_names_below_a_prefix_are_listed_behind_one(store: Store) -> None:
    for number in (1, 2, 3):
        store.create(f"ledger/dev/{number:08d}.json", b"")
    assert store.names("ledger/dev", after="ledger/dev/00000001.json") == (
        "ledger/dev/00000002.json",
        "ledger/dev/00000003.json",
    )


def test_two_ledgers_in_one_bucket_make_one_chain(store: Store) -> None:
    first, second = Ledger(store, "ada"), Ledger(Store.open(store.address), "bob")
    for number in range(3):
        planned = UnitPlanned(unit="orders", release="a", counts={"create": number})
        first.append("dev", planned)
        second.append("dev", planned)
    found = audit(Store.open(store.address), "dev")
    assert (found.entries, found.problems) == (6, [])


def test_several_objects_are_read_at_once_in_the_order_asked_for(store: Store) -> None:
    for number in range(20):
        store.create(f"a/{number:02d}", str(number).encode())
    assert list(store.read_all(store.names("a"))) == [str(number).encode() for number in range(20)]


def test_only_folders_with_objects_are_listed(store: Store) -> None:
    for name in ("ledger/dev/1", "ledger/staging/1", "ledger/README"):
        store.create(name, b"")
    assert store.folders("ledger") == ("dev", "staging")
    assert store.folders("nothing") == ()


def test_a_reader_of_a_long_chain_begins_at_a_snapshot(store: Store) -> None:
    ledger = Ledger(store, "ada")
    for number in range(EVERY + 3):
        ledger.append("dev", UnitPlanned(unit="orders", release="a", counts={"create": number}))
    counted = CountedStore(Store.open(store.address))
    assert Ledger(counted, "bob").state("dev") == ledger.state("dev")
    # Both listings, the snapshot, the entry that it was taken at, and three entries behind it.
    assert counted.requests == 7


def test_a_bucket_of_the_real_aws_needs_no_endpoint(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert Store.open("s3://somewhere/prefix").address == "s3://somewhere/prefix"


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (("AWS_REGION", "AWS_DEFAULT_REGION"), "no region; set AWS_REGION"),
        (("AWS_ACCESS_KEY_ID",), "no AWS credentials"),
    ],
)
def test_what_is_missing_is_named(
    aws: None, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], said: str
) -> None:
    for name in missing:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(InvalidInput, match=said):
        Store.open("s3://somewhere")
