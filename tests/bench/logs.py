"""`python -m tests.bench.logs`: how long `flowmart logs` takes for a promotion of an hour among a million lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tasks.logs import documents

LINES, FILES, OF_RUN = 1_000_000, 1_000, 3_600
RUN = "0192a1b2-0000-7000-8000-00000000abcd"


def main() -> None:
    """Make the files, ask for the run, for its claim and for its release, and print one figure a line."""
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder:
        size = _fill(Path(folder))
        print(f"log of {LINES} lines in {FILES} files           {size / 1e6:7.0f} MB")
        for what, subject in (("run", RUN), ("claim", "staging/23"), ("release", "3f9c1e0")):
            print(f"flowmart logs, by {what:8} ({OF_RUN} lines)    {_asked(Path(folder), subject):7.2f} s")


def _fill(folder: Path) -> int:
    """Files of other promotions, and one run of an hour whose lines are in two of them."""
    size = 0
    for number in range(FILES):
        run = f"{number:032x}"
        about = {"run": run, "environment": "dev", "release": run[-7:], "claim": f"dev/{number}"}
        lines = [_line(0, **about)] * (LINES // FILES)
        if number in (7, 8):
            own = {"run": RUN, "environment": "staging", "release": "3f9c1e0", "claim": "staging/23"}
            begin = OF_RUN // 2 * (number - 7)
            lines += [_line(second, **own) for second in range(begin, begin + OF_RUN // 2)]
        size += (folder / f"flowmart-20261126T{number // 60:04}{number % 60:02}.000000Z-{number}.ndjson").write_bytes(
            b"".join(lines)
        )
    return size


def _line(second: int, **about: str) -> bytes:
    moment = f"2026-11-26T09:{second // 60:02}:{second % 60:02}.000001Z"
    event = {"event": "planned", "what": "1 to add, 2 to change", "timestamp": moment, "level": "info"}
    return documents.line(documents.document({**event, "logger": "flowmart.promotion", "unit": "cart", **about}))


def _asked(folder: Path, subject: str) -> float:
    """Seconds of the whole command, the start of Python included."""
    began = time.monotonic()
    variables = {**os.environ, "FLOWMART_LOG_FOLDER": str(folder), "FLOWMART_PROFILE": "none"}
    command = [sys.executable, "-m", "deployments.cli", "logs", subject, "--json"]
    done = subprocess.run(command, env=variables, capture_output=True, check=True)
    seconds = time.monotonic() - began
    found = len(json.loads(done.stdout))
    if found != OF_RUN:
        sys.exit(f"{subject}: {found} lines, not {OF_RUN}")
    return seconds


if __name__ == "__main__":
    main()
