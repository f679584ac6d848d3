"""`python -m tests.bench.faults`: promotions with the real tools through a network that loses requests and answers.

Thirty releases of the platform in `tests.faults.platform`, each with something new in every unit, at 1, 5 and 20 % of
faults between the tools and the sandbox's AWS and cluster. A promotion that gets no answer is recovered and made
again: twice with faults, then without. Nothing may be rejected or lost; the exit code is 1 when something was.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import structlog

from deployments.setup import put_tools_on_path
from tests.faults import platform, promoting
from tests.faults.promoting import Promotion
from tests.servers import sandboxes

PROJECT = Path(__file__).resolve().parents[2]
SHARES = (0.01, 0.05, 0.2)
PROMOTIONS = 30


def main() -> None:
    """Measure, and print a line for each promotion, then the sums."""
    put_tools_on_path()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    made: dict[float, list[Promotion]] = {share: [] for share in SHARES}
    with (
        tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder,
        sandboxes.started(PROJECT / "infrastructure", prefect=False) as box,
        platform.network(box, Path(folder)) as (network, variables),
    ):
        os.environ.update(variables)
        shop = platform.FaultyPlatform(Path(folder))
        for number in range(PROMOTIONS):
            share = SHARES[number % len(SHARES)]
            made[share].append(promoting.promote(shop, network, number, share, most=2))
            print(_line(share, made[share][-1]), flush=True)
    for share, promotions in made.items():
        print(_sum(share, promotions))
    sys.exit(any(one.wrong for promotions in made.values() for one in promotions))


def _line(share: float, one: Promotion) -> str:
    told = "".join(f"\n      {why.splitlines()[0][:200]}" for why in (*one.told, *one.wrong))
    return f"{share:4.0%}  {one.release}  {one.faults:3} faults  {', '.join(one.attempts)}{told}"


def _sum(share: float, promotions: list[Promotion]) -> str:
    ended = Counter(
        "wrong" if one.wrong else "at once" if not one.told else "without faults" if one.healed else "again"
        for one in promotions
    )
    faults = sum(one.faults for one in promotions)
    told = ", ".join(f"{ended[how]} {how}" for how in ("at once", "again", "without faults", "wrong"))
    return f"{share:4.0%}: {len(promotions)} promotions, {faults} faults; verified {told}"


if __name__ == "__main__":
    main()
