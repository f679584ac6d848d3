"""`python -m tests.bench.kills [COUNT]`: promotions with the real tools that are killed at random moments.

Releases of the platform in `tests.faults.platform`, each with something new in every unit, promoted by the command in
a process of its own. That process gets a SIGKILL after a random part of the time that a whole promotion takes; its
tools live on, as when the kernel kills for want of memory. Every third time the recovery is a process too and is
killed as well. What is left is recovered and the release promoted again. Nothing may be rejected, lost or left: exit
code 1 when something was.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import structlog

from deployments.setup import put_tools_on_path
from tasks.promotion.runtime import Runtime, compose
from tests.faults import platform
from tests.faults.at_once import NOWHERE
from tests.faults.platform import FaultyPlatform
from tests.faults.promoting import ENVIRONMENT, Promotion, finish
from tests.servers import sandboxes

PROJECT = Path(__file__).resolve().parents[2]
KILLS = 200
_SEED = 20_261_126
_BEYOND = 1.1
"""A kill comes up to this part of a whole promotion's time after its start; some come too late."""


_FAILED = "failed with"


def main(kills: int) -> int:
    """Kill that often, and print a line for each promotion, then the sums; the exit code."""
    put_tools_on_path()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with (
        tempfile.TemporaryDirectory(prefix="flowmart-bench-") as folder,
        sandboxes.started(PROJECT / "infrastructure", prefect=False) as box,
    ):
        os.environ.update(platform.straight(box))
        shop = FaultyPlatform(Path(folder))
        made = _killed_until(kills, shop, random.Random(_SEED))  # noqa: S311 - no secret comes of it
    print(f"{_kills(made)} kills in {len(made)} promotions: {_sums(made)}")
    return 1 if any(one.wrong for one in made) else 0


def _killed_until(kills: int, shop: FaultyPlatform, chance: random.Random) -> list[Promotion]:
    began = time.monotonic()
    finish(Promotion(shop.change(0)), compose(shop.settings))
    whole = (time.monotonic() - began) * _BEYOND
    made: list[Promotion] = []
    while _kills(made) < kills:
        one = Promotion(shop.change(len(made) + 1))
        made.append(_one(one, shop, whole, chance, recovery_too=len(made) % 3 == 2))
        print(f"{one.release}  {', '.join(one.attempts)}{_told(one)}", flush=True)
    return made


def _one(
    one: Promotion, shop: FaultyPlatform, whole: float, chance: random.Random, *, recovery_too: bool
) -> Promotion:
    runtime = compose(shop.settings)
    one.attempts.append(_killed(shop, ("promote", one.release, "--to", ENVIRONMENT), whole * chance.random()))
    if recovery_too and _left(runtime):
        one.attempts.append(_killed(shop, ("recover", ENVIRONMENT), whole * chance.random()))
    failed = [attempt for attempt in one.attempts if _FAILED in attempt]
    finish(one, runtime)
    one.wrong += failed
    return one


def _left(runtime: Runtime) -> bool:
    return runtime.ledger().state(ENVIRONMENT).claim is not None


def _killed(shop: FaultyPlatform, words: tuple[str, ...], after: float) -> str:
    """Run a command and kill its process, not its tools', after so many seconds; what came of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "deployments.cli", *words],
        env=_variables(shop),
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        code = process.wait(after)
        return f"{words[0]} {_FAILED} {code}" if code else f"{words[0]} was over before"
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"{words[0]} killed after {after:.1f} s"


def _variables(shop: FaultyPlatform) -> Mapping[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("FLOWMART_ST", "PREFECT_"))}
    return own | {
        "FLOWMART_REPOSITORY": str(shop.repository),
        "FLOWMART_STORE": str(shop.settings.store),
        "FLOWMART_PROFILE": "none",
        "FLOWMART_ACTOR": "bench",
        "PREFECT_API_URL": NOWHERE,
    }


def _kills(made: list[Promotion]) -> int:
    return sum("killed" in attempt for one in made for attempt in one.attempts)


def _told(one: Promotion) -> str:
    return "".join(f"\n      {why.splitlines()[0][:200]}" for why in (*one.told, *one.wrong))


def _sums(made: list[Promotion]) -> str:
    ended = Counter("wrong" if one.wrong else "verified" for one in made)
    return ", ".join(f"{count} {how}" for how, count in ended.items())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS))
