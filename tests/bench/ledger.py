"""What a long history costs: `python -m tests.bench.ledger`, a part of `make bench`.

A row of `make bench` is what a promotion costs on a bucket (moto's) with a chain of 100 entries, and with one of
50,000. Then chains of both lengths, each in a folder and in a bucket. A new process reads the state and appends an
entry; printed are the time and how many requests the store had to answer. Both must not grow with the history. The
metrics of the delivery are scraped for the first time, and again after each more entry. moto itself takes longer to
list a bucket the more is in it, which AWS does not: there the requests count.
"""

from __future__ import annotations

import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from tasks.domain.events import ClaimClosed, EnvironmentClaimed, Event, ReleaseVerified, UnitApplied, UnitApplying
from tasks.domain.release import Receipt, Target
from tasks.ledger import entries, snapshots
from tasks.ledger.chain import Ledger
from tasks.ledger.entries import Entry
from tasks.ledger.folding import fold
from tasks.ledger.state import EnvironmentState
from tasks.ledger.store import Store
from tasks.metrics.exporter import Exporter, text
from tests.bench import many
from tests.bench.costs import Requests
from tests.bench.measures import Cost, Measure
from tests.doubles.memory_store import CountedStore, MemoryStore

LENGTHS = (100, 50_000)
_ROUNDS = 5
_BUCKET = "bench"
_UNITS = 4
_CLAIM: dict[str, Any] = {"purpose": "promote", "holder": {"host": "bench", "pid": 1}}
CONSTANT = 1.2
"""How much more a promotion may cost after a long history: what differs from run to run."""


def measured() -> Iterator[Measure]:
    """A row of what a promotion costs on a bucket with a long history, beside one with a short history."""
    requests = Requests()
    short, long = (_promotion_after(length, requests) for length in LENGTHS)
    yield Measure(f"{LENGTHS[-1]:,} entries on S3: promotion / of {LENGTHS[0]}", long, short, CONSTANT)


def _promotion_after(length: int, requests: Requests) -> Cost:
    """What a promotion costs after so many entries, which runs that were refused have left."""
    made = _chain(
        length, lambda release: [EnvironmentClaimed(release=release, **_CLAIM), ClaimClosed(outcome="failed")]
    )
    with _bucket({f"{many.PLATFORM}/{name}": data for name, data in made.items()}) as store:
        variables = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        requests.count = 0
        cost = many.promotion(_UNITS, **variables, FLOWMART_STORE=f"s3://{_BUCKET}")
        cost = replace(cost, requests=requests.count)
        entries_now = Ledger(Store.open(f"s3://{_BUCKET}/{many.PLATFORM}"), many.PLATFORM).state("dev").number
        if entries_now <= length:
            raise RuntimeError(f"the promotion wrote nothing after {length} entries of {store}")
        return cost


def main() -> None:
    """Measure, and print one figure a line."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    for length in LENGTHS:
        objects = _chain(length, _promotion)
        with _folder(objects) as store:
            _report("folder", length, store)
        with _bucket(objects) as store:
            _report("bucket", length, store)


def _report(kind: str, length: int, store: Store) -> None:
    read, read_requests = _measured(store, lambda ledger: ledger.state("dev"))
    both, both_requests = _measured(
        store, lambda ledger: (ledger.state("dev"), ledger.append("dev", ClaimClosed(outcome="failed")))
    )
    print(f"{kind}, {length:6} entries: read state      {read * 1000:7.1f} ms, {read_requests:3} requests")
    print(f"{kind}, {length:6} entries: read and append {both * 1000:7.1f} ms, {both_requests:3} requests")
    first, again = _scraped(store)
    print(f"{kind}, {length:6} entries: scrape metrics  {again * 1000:7.1f} ms, the first time {first:.1f} s")


def _measured(store: Store, work: Callable[[Ledger], object]) -> tuple[float, int]:
    """The median time of new ledgers at work, and the requests of the last one."""
    seconds = []
    for _ in range(_ROUNDS):
        counted = CountedStore(store)
        begin = time.perf_counter()
        work(Ledger(counted, "bench"))
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), counted.requests


def _scraped(store: Store) -> tuple[float, float]:
    """The seconds of the first scrape, and the median of later ones, each after one more entry."""
    ledger = Ledger(store, "bench")
    exporter = Exporter(ledger, {})
    seconds = []
    for _ in range(_ROUNDS + 1):
        begin = time.perf_counter()
        text(exporter)
        seconds.append(time.perf_counter() - begin)
        ledger.append("dev", ClaimClosed(outcome="failed"))
    return seconds[0], statistics.median(seconds[1:])


def _chain(length: int, events: Callable[[str], list[Event]]) -> dict[str, bytes]:
    """Objects of a chain of such events of one release after another, with its snapshots."""
    made, state = MemoryStore(), EnvironmentState("dev")
    while state.number < length:
        for event in events(f"release-{state.number}"):
            entry = entries.sealed(_entry(state, event))
            made.objects[entries.name_of("dev", entry.number)] = entries.encode(entry)
            state = fold(state, entry)
            if state.number % snapshots.EVERY == 0:
                snapshots.write(made, state)
    return made.objects


def _promotion(release: str) -> list[Event]:
    events: list[Event] = [EnvironmentClaimed(release=release, **_CLAIM)]
    for unit in ("networking", "database", "compute", "cart"):
        outputs = {f"output_{number}": f"value {number}" for number in range(10)}
        receipt = Receipt("", Target(release, "dev", unit), "u" * 64, "i" * 64, "p" * 64, outputs, "")
        events.append(UnitApplying(unit=unit, release=release, plan="p" * 64, creates=("a.b", "c.d")))
        events.append(UnitApplied(unit=unit, release=release, receipt=receipt))
    return [*events, ReleaseVerified(release=release), ClaimClosed(outcome="succeeded")]


def _entry(state: EnvironmentState, event: Event) -> Entry:
    at = "2030-01-01T00:00:00.000+00:00"
    return Entry("dev", state.number + 1, at, "bench", "", "bench", event, state.head, "")


@contextmanager
def _folder(objects: dict[str, bytes]) -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder:
        for name, data in objects.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        yield Store.open(folder)


@contextmanager
def _bucket(objects: dict[str, bytes]) -> Iterator[Store]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"}
    os.environ |= {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    try:
        boto3.client("s3").create_bucket(
            Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        # The server is in this process: its bucket is filled without a request for each object.
        for name, data in objects.items():
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(_BUCKET, name, data)
        yield Store.open(f"s3://{_BUCKET}")
    finally:
        server.stop()
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].reset()


if __name__ == "__main__":
    main()
