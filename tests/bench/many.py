"""`python -m tests.bench.many [100 1000]`: what very many units cost FlowMart itself, in time and memory.

The tool is a tiny program (`tiny_engine`), so what is measured is the product's own. One unit more must cost the same
among a thousand as among a hundred, and the process must not need more than `MEMORY` for them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copytree

from tests.bench.costs import FLOWMART, PROJECT, of_command, without_ours
from tests.bench.measures import Cost, Measure, table
from tests.faults.at_once import NOWHERE
from tests.platforms.installed import install
from tests.platforms.mini import MiniPlatform

SIZES = (100, 1000)
PLATFORM = "bench"
MEMORY = 500
"""MB that a promotion of the largest size may need."""
CONSTANT = 1.2
"""How much more a unit may cost among very many than among a hundred: what differs from run to run."""


def measured(sizes: Sequence[int] = SIZES) -> Iterator[Measure]:
    """Rows of what one unit more costs at the largest size, beside the smallest, and of the memory."""
    few, many = min(sizes), max(sizes)
    none, small, large = (promotion(units) for units in (1, few, many))
    yield Measure(
        f"{many} units, a unit more / of {few} (x 1000)",
        _of_one(none, large, many),
        _of_one(none, small, few),
        CONSTANT,
    )
    yield Measure(f"{many} units: MB / {MEMORY}", Cost(large.memory, memory=large.memory), Cost(MEMORY), 1.0)


def _of_one(none: Cost, cost: Cost, units: int) -> Cost:
    """A thousand times what each unit after the first one costs."""
    factor = 1000 / (units - 1)
    return Cost((cost.seconds - none.seconds) * factor, (cost.cpu - none.cpu) * factor, memory=cost.memory)


def promotion(units: int, **more: str) -> Cost:
    """What the first promotion of so many units costs, tested against FlowMart's own policies; `more`: variables."""
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as name:
        folder = Path(name)
        mini = _platform(folder, units)
        variables = {
            **without_ours(),
            "PYTHONPATH": os.pathsep.join((str(_installed(folder / "site")), str(PROJECT))),
            "FLOWMART_PROFILE": "none",
            "FLOWMART_REPOSITORY": str(mini.repository),
            "FLOWMART_STORE": str(folder / "store"),
            "PREFECT_API_URL": NOWHERE,
            **more,
        }
        return of_command([*FLOWMART, "promote", "--to", "dev"], variables)


def _platform(folder: Path, units: int) -> MiniPlatform:
    made = MiniPlatform(folder)
    lines = [f"platform: {PLATFORM}", "environments: {dev: {}}", "units:"]
    for number in range(units):
        name = f"unit-{number:04}"
        made.write(f"roots/{name}/colour.txt", "blue")
        inputs = f"inputs: {{folder: {folder}/out/{name}}}"
        lines.append(f"  {name}: {{engine: tiny, source: roots/{name}, environments: [dev], {inputs}}}")
    made.write("platform.yaml", "\n".join(lines))
    infrastructure = made.repository / "infrastructure"
    copytree(PROJECT / "infrastructure/policies", infrastructure / "policies", dirs_exist_ok=True)
    made.commit()
    return made


def _installed(site: Path) -> Path:
    """A folder that makes the engine, and the example that it derives from, installed ones."""
    install(site)
    about = site / "tiny_engine-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-engine\nVersion: 0\n")
    (about / "entry_points.txt").write_text("[flowmart.engines]\ntiny = tests.bench.tiny_engine:ENGINE\n")
    return site


if __name__ == "__main__":
    print("\n".join(table(measured([int(each) for each in sys.argv[1:]] or SIZES), {})))
