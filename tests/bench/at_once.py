"""`python -m tests.bench.at_once`: twenty promotions of one environment started at once, on a store in a bucket.

First without waiting, then with; without a Prefect server. Exit code 1 when one ends in another way than "done" or
"busy", prints a traceback, or when two were at work at the same time.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from deployments.setup import put_tools_on_path
from tasks.ledger.history import History
from tasks.settings import Settings
from tests.faults import at_once
from tests.platforms.mini import MiniPlatform

PROMOTIONS = 20
PATIENCE = 900.0
"""Seconds that a command waits for its turn in the second round."""


def main() -> int:
    """Measure both rounds and print a line for each; the exit code."""
    put_tools_on_path()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    rounds = [_round(wait) for wait in (0.0, PATIENCE)]
    return 0 if all(rounds) else 1


def _round(wait: float) -> bool:
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder, at_once.bucket() as variables:
        os.environ.update(variables)
        mini = MiniPlatform(Path(folder))
        mini.settings = Settings(repository=mini.repository, store=variables["FLOWMART_STORE"], actor="bench")
        began = time.monotonic()
        ended = at_once.promoted(mini, _releases(mini), variables, prefect=at_once.NOWHERE, wait=wait)
        kinds = [entry.kind for entry in History(mini.settings).ledger.entries("dev")]
    codes = Counter(one.code for one in ended)
    tracebacks = sum("Traceback" in one.told for one in ended)
    overlap = at_once.overlapping(kinds)
    print(
        f"wait {wait:.0f} s: {PROMOTIONS} at once in {time.monotonic() - began:.0f} s; exit codes {dict(codes)}; "
        f"{kinds.count('verified')} verified; {tracebacks} tracebacks; claims overlap: {overlap}"
    )
    return {*codes} <= {0, at_once.BUSY} and not tracebacks and not overlap


def _releases(mini: MiniPlatform) -> list[str]:
    made = []
    for number in range(PROMOTIONS):
        mini.write("terraform/dev/second/extra.tf", f'resource "terraform_data" "n" {{\n  input = {number}\n}}\n')
        made.append(mini.release().id)
    return made


if __name__ == "__main__":
    sys.exit(main())
