"""`python -m tests.bench.kubernetes [OBJECTS [UNITS]]`: what many objects cost, beside kubectl in the same run.

So many objects in one unit, and then in so many units, four at once: planned while nothing is there, planned when
nothing changed, and looked at for drift. Beside each stands `kubectl apply --server-side --dry-run=server -k` of the
same objects at the same moment. The engine alone is measured: what a whole command costs besides, `tests.bench.units`
shows. The cluster is the sandbox's, or that of FLOWMART_TEST_KUBECONFIG; what it costs itself is no part of the CPU
seconds.
"""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import structlog

from deployments.setup import put_tools_on_path
from tasks.domain.release import Target
from tasks.engines.base import Workspace
from tasks.processes import Processes
from tests.bench.costs import cpu_seconds
from tests.peers.tools import tool
from tests.platforms.kustomizations import Releases, config_map
from tests.servers import clusters
from tests.servers.clusters import Cluster

OBJECTS, UNITS = 300, 20
AT_ONCE = 4
RUNS = 3


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and of the processors, and requests to the cluster."""

    seconds: float
    cpu: float
    requests: int


class Requests(logging.Handler):
    """Counts what this process asks the cluster, as its HTTP client logs it."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        client = logging.getLogger("urllib3.connectionpool")
        client.handlers, client.propagate = [self], False
        client.setLevel(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        """One more, if it is a request."""
        self.count += '"%s %s %s"' in str(record.msg)


@dataclass
class _Run(Releases):
    """Releases that one run works on, as a promotion does."""

    run: Processes = field(default_factory=Processes)

    def workspace(self, target: Target) -> Workspace:
        """Where the unit's engine works for that release."""
        return replace(super().workspace(target), processes=self.run)


class Scene:
    """So many objects in units of a namespace.

    Args:
        cluster: with the namespace.
        folder: for the units' files.
        objects: how many, in all units together.
        units: how many.
    """

    def __init__(self, cluster: Cluster, folder: Path, objects: int, units: int) -> None:
        self.namespace = f"bench-{uuid4().hex[:8]}"
        cluster.kubectl("create", "namespace", self.namespace)
        self._cluster, self._requests = cluster, Requests()
        self.releases = _Run(cluster, folder, self.namespace)
        each = objects // units
        self.targets = [self._unit(f"unit-{number:02}", each) for number in range(units)]

    def _unit(self, name: str, objects: int) -> Target:
        maps = [config_map(f"{name}-{number:03}", number=str(number)) for number in range(objects)]
        return self.releases.target("a", name, "---\n".join(maps))

    def planned(self) -> Cost:
        """What plans cost."""
        return self._cost(lambda: self._each(self.releases.planned))

    def applied(self) -> None:
        """Apply all."""
        self._each(self.releases.applied)

    def drift(self) -> Cost:
        """What looking for drift costs."""

        def look(target: Target) -> None:
            receipt = self.releases.receipts[target.unit]
            found = self.releases.engine(target).detect_drift(receipt)
            assert not found.changes, found.changes

        return self._cost(lambda: self._each(look))

    def kubectl(self) -> Cost:
        """What the same costs by kubectl, whose log of requests is no part of it."""
        cost = self._cost(lambda: self._each(self._rehearse))
        return replace(cost, requests=sum(map(self._requested, self.targets)))

    def _requested(self, target: Target) -> int:
        return self._rehearse(target, "-v=6").count(" milliseconds=")

    def _rehearse(self, target: Target, *more: str) -> str:
        """What kubectl logs."""
        argv = ["apply", "--server-side", "--dry-run=server", "--force-conflicts", "-k"]
        folder = self.releases.folder / "a/infrastructure" / target.unit
        command = [tool("kubectl"), "--kubeconfig", str(self._cluster.kubeconfig), "--context", "dev-admin", *more]
        # In a session of its own, as the product starts its tools: systems share the processors among sessions.
        done = subprocess.run([*command, *argv, str(folder)], capture_output=True, text=True, start_new_session=True)
        if done.returncode:
            sys.exit(done.stderr)
        return done.stderr

    def _each(self, what: Callable[[Target], object]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(what, self.targets))

    def _cost(self, what: Callable[[], None]) -> Cost:
        whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        self._requests.count = 0
        self.releases.run = Processes()
        used, began = cpu_seconds(*whose), time.monotonic()
        what()
        seconds = time.monotonic() - began
        return Cost(seconds, cpu_seconds(*whose) - used, self._requests.count)


def main(objects: int = OBJECTS, units: int = UNITS) -> None:
    """Measure both, and print a table of each."""
    put_tools_on_path()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="flowmart-bench-") as name:
        folder = Path(name)
        cluster = clusters.started(folder)
        try:
            for number in (1, units):
                (folder / str(number)).mkdir()
                _table(Scene(cluster, folder / str(number), objects, number), objects)
        finally:
            cluster.stop()


def _table(scene: Scene, objects: int) -> None:
    where = "FLOWMART_TEST_KUBECONFIG" if os.environ.get(clusters.GIVEN) else "the sandbox's API"
    print(f"\n{objects} objects in {len(scene.targets)} units, on {where}; the median of {RUNS}")
    print("                |      s    CPU requests, each | kubectl: s    CPU requests |  ratio    CPU")
    _row("plan", objects, scene.planned, scene.kubectl)
    scene.applied()
    _row("nothing changed", objects, scene.planned, scene.kubectl)
    _row("drift", objects, scene.drift, scene.kubectl)


def _row(name: str, objects: int, ours: Callable[[], Cost], theirs: Callable[[], Cost]) -> None:
    """Alternating, so that what else the machine does meets both."""
    found = [(ours(), theirs()) for _ in range(RUNS)]
    one, other = _median([pair[0] for pair in found]), _median([pair[1] for pair in found])
    each = one.requests / objects
    print(
        f"{name:<15} | {one.seconds:6.2f} {one.cpu:6.2f} {one.requests:8} {each:5.2f} |"
        f" {other.seconds:10.2f} {other.cpu:6.2f} {other.requests:8} |"
        f" {one.seconds / other.seconds:6.2f} {one.cpu / other.cpu:6.2f}",
        flush=True,
    )


def _median(costs: Sequence[Cost]) -> Cost:
    return sorted(costs, key=lambda cost: cost.seconds)[len(costs) // 2]


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
