"""`python -m tests.public_charts [--from FOLDER] [UNIT ...]`: which public charts and kustomizations go through.

git fetches them, which needs a network; `--from` names a folder of clones instead, OWNER/NAME below it. Exit code 1
when one fails: what is refused before anything is applied does not count as failed.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import structlog

from deployments.setup import put_tools_on_path
from tests.peers.tools import tool
from tests.public_charts.platform import NAMESPACE, PublicPlatform
from tests.public_charts.sources import PublicUnit, fetched, units_of
from tests.public_charts.story import End, Story, Told
from tests.public_charts.values import VALUES
from tests.servers.clusters import SandboxCluster


def main(arguments: list[str]) -> int:
    """Tell the story of each, then the counts; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.public_charts", description=__doc__)
    parser.add_argument("--from", dest="clones", type=Path, metavar="FOLDER", help="clones of the repositories")
    parser.add_argument("unit", nargs="*", help="parts of names; all by default")
    wanted = parser.parse_args(arguments)
    put_tools_on_path()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="flowmart-charts-") as name:
        work = Path(name)
        clones = (wanted.clones or fetched(work / "clones")).resolve()
        units = [
            unit for unit in units_of(clones) if not wanted.unit or any(part in unit.name for part in wanted.unit)
        ]
        ends = {}
        for number, unit in enumerate(units):
            ends[unit.name] = told(unit, work / str(number), clones)
            print(line(unit.name, ends[unit.name]), flush=True)
    print("\n".join(counts(list(ends.values()))))
    return 1 if any(end.end is End.FAILED for end in ends.values()) else 0


def told(unit: PublicUnit, folder: Path, clones: Path) -> Told:
    """The story of one, in a cluster of its own."""
    folder.mkdir()
    platform = PublicPlatform(folder, unit, VALUES.get(unit.name, {}), clones)
    cluster = SandboxCluster(folder)
    try:
        os.environ |= {"KUBECONFIG": str(cluster.kubeconfig)}
        os.environ |= {f"FLOWMART_{name.upper()}": tool(name) for name in ("helm", "kubectl")}
        cluster.kubectl("create", "namespace", NAMESPACE)
        return Story(platform, cluster).told()
    finally:
        cluster.stop()


def line(name: str, end: Told) -> str:
    """How one story ended."""
    why = f"  {end.step}: {' '.join(end.why.split())}" if end.why else ""
    return f"{end.end.value:<12} {end.seconds:5.0f} s  {name}{why}"


def counts(ends: list[Told]) -> list[str]:
    """How many ended how."""
    found = Counter(each.end for each in ends)
    return [*(f"{found[end]:>4} {end.value}" for end in End), f"{len(ends):>4} charts and kustomizations"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
