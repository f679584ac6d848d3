"""What is measured, as a table: each row with its bare counterpart, what is wanted, and what it was the last time.

Ratios are of seconds of CPU where there are some: on a busy machine only those can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT = 20
"""How many earlier results of a row are kept."""

HEAD = (
    f"{'':42} | {'product: s':>10} {'CPU':>7} | {'bare: s':>8} {'CPU':>7} | {'ratio':>6} {'wanted':>6} {'last':>6} |"
)
COUNTS = f"{'processes':>9} {'store':>6} {'Prefect':>7} {'MB':>5}"


@dataclass(frozen=True)
class Cost:
    """What something cost.

    Attributes:
        seconds: on the clock.
        cpu: seconds of CPU, of all processes; 0: not measured.
        processes: how many the tool had.
        requests: to the store and to the states in it.
        calls: of Prefect's API.
        memory: of the largest process, in MB.
    """

    seconds: float
    cpu: float = 0.0
    processes: int = 0
    requests: int = 0
    calls: int = 0
    memory: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.seconds + other.seconds,
            self.cpu + other.cpu,
            self.processes + other.processes,
            self.requests + other.requests,
            self.calls + other.calls,
            max(self.memory, other.memory),
        )

    def times(self, factor: float) -> Cost:
        """So many times its seconds."""
        return Cost(self.seconds * factor, self.cpu * factor)


@dataclass(frozen=True)
class Measure:
    """One row: what the product costs, what the same costs without it, and the ratio that is wanted at most."""

    name: str
    product: Cost
    bare: Cost
    wanted: float

    @property
    def ratio(self) -> float:
        """Of seconds of CPU, or of those on the clock where nothing else is known."""
        if self.product.cpu and self.bare.cpu:
            return self.product.cpu / self.bare.cpu
        return self.product.seconds / self.bare.seconds

    @property
    def reached(self) -> bool:
        """Whether it costs no more than is wanted."""
        return self.ratio <= self.wanted


def table(measures: Iterable[Measure], before: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """The lines of the table.

    Args:
        measures: the rows.
        before: {row: the ratios of earlier runs, the last one at the end}.
    """
    yield f"{HEAD} {COUNTS}"
    for one in measures:
        yield _line(one, before.get(one.name, ()))


def _line(one: Measure, before: Sequence[float]) -> str:
    product, bare = one.product, one.bare
    last = f"{before[-1]:6.2f}" if before else f"{'-':>6}"
    costs = f"{product.seconds:10.1f} {product.cpu:7.1f} | {bare.seconds:8.1f} {bare.cpu:7.1f}"
    ratios = f"{one.ratio:6.2f} {one.wanted:6.2f} {last}"
    counts = f"{product.processes:9} {product.requests:6} {product.calls:7} {product.memory:5}"
    return f"{one.name:42} | {costs} | {ratios} | {counts}{'' if one.reached else '  more than wanted'}"


def kept(file: Path) -> dict[str, list[float]]:
    """{row: the ratios of earlier runs}, as `keep` wrote them; empty where nothing was kept."""
    return dict(json.loads(file.read_text())) if file.exists() else {}


def keep(file: Path, measures: Iterable[Measure]) -> None:
    """Add the ratios of this run to those of earlier ones; each row keeps its last `KEPT`."""
    found = kept(file)
    for one in measures:
        found[one.name] = [*found.get(one.name, ()), round(one.ratio, 3)][-KEPT:]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1))
