"""`python -m tests.bench.receiver`: what GitHub sees of the receiver under load, and what it loses when it is killed.

The receiver's own process and a client, on one machine: 50 connections, GitHub's own example of a pull request in
22 KB, every one a delivery of its own. First as many as it takes, then a steady stream, of which the answers' times
count from when each was due. Prefect is a stub in the client's process, so that flow runs are started while
deliveries come in, as in life.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.doubles import load
from tests.doubles.deliveries import PROJECT, ReceiverProcess
from tests.doubles.prefect_stub import PrefectStub, prefect_stub

DELIVERIES = 3000
STEADY = 200.0
"""Deliveries a second. A busy organization sends a few."""
REPEATED = 1000
KILLED_AFTER = 1500


def main() -> None:
    """Measure, and print one figure a line."""
    with _receiver() as (receiver, _):
        load.send(receiver, load.ids(DELIVERIES // 10))
        flooded = load.send(receiver, load.ids(DELIVERIES))
    with _receiver() as (receiver, _):
        load.send(receiver, load.ids(DELIVERIES // 10))
        before = receiver.cpu_seconds()
        steady = load.send(receiver, load.ids(DELIVERIES), rate=STEADY)
        spent = (receiver.cpu_seconds() - before) / DELIVERIES
    with _receiver() as (receiver, stub):
        load.send(receiver, load.ids(1) * REPEATED)
        _until_nothing_waits(receiver)
        runs = len(stub.runs)
    with _receiver() as (receiver, stub):
        promised = load.send(receiver, load.ids(DELIVERIES), kill_after=KILLED_AFTER).promised
        receiver.start()
        _until_nothing_waits(receiver)
        lost = promised - set(stub.runs)
    for name, outcome in {"as many as it takes": flooded, f"{STEADY:.0f} a second": steady}.items():
        cuts = [1000 * cut for cut in statistics.quantiles(outcome.times, n=100)]
        rate = len(outcome.promised) / outcome.took
        print(f"{name:<21} {rate:5.0f} a second   median {cuts[49]:5.1f} ms   99th percentile {cuts[98]:5.1f} ms")
    print(f"processor time                      {1000 * spent:7.1f} ms a delivery, with starting its flow run")
    print(f"answered other than 202             {2 * DELIVERIES - len(flooded.promised | steady.promised):7d}")
    print(f"one delivery {REPEATED} times             {runs:7d} flow run")
    print(f"killed under load, started again    {len(lost):7d} lost of {len(promised)} that were answered")


@contextmanager
def _receiver() -> Iterator[tuple[ReceiverProcess, PrefectStub]]:
    """In the project's folder, not below /tmp, which may be memory: what an fsync costs is part of the figure."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=PROJECT) as folder, prefect_stub() as stub:
        receiver = ReceiverProcess(Path(folder), stub.address)
        receiver.start()
        try:
            yield receiver, stub
        finally:
            receiver.end()


def _until_nothing_waits(receiver: ReceiverProcess) -> None:
    while receiver.health()["waiting_since"]:
        time.sleep(0.2)


if __name__ == "__main__":
    main()
