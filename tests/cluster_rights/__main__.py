"""`python -m tests.cluster_rights [--from FOLDER]`: record, and write tests/golden/used_rights*.json. Takes minutes.

What monitoring uses is recorded with the public chart, which is not in this repository: `--from` names a folder with
clones of prometheus-community/helm-charts and grafana-community/helm-charts, OWNER/NAME below it. Without it, what
was recorded of monitoring stays.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.cluster_rights import charts, kustomizations, monitoring, recorded
from tests.servers import clusters
from tests.servers.clusters import SandboxCluster


def main() -> None:
    """Record, and write the files."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster_rights", description=__doc__)
    parser.add_argument("--from", dest="clones", type=Path, metavar="FOLDER", help="clones of public charts")
    clones: Path | None = parser.parse_args().clones
    if clones:
        version = monitoring.version(clones)
        recorded.write_of_monitoring(version, _used(lambda cluster, folder: _monitoring(cluster, folder, clones)))
    recorded.write(_used(_services))


def _used(story: Callable[[SandboxCluster, Path], None]) -> list[str]:
    """What both accounts use while a story is told, in a cluster of its own."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = SandboxCluster(Path(folder))
        try:
            clusters.grant_access(cluster)
            story(cluster, Path(folder))
        finally:
            cluster.stop()
        return (cluster.state / "dev/used_rights").read_text().splitlines()


def _services(cluster: SandboxCluster, folder: Path) -> None:
    kustomizations.overlay(cluster, folder / "overlay")
    for helm in ("helm3", "helm"):
        charts.services(cluster, folder / helm, helm)


def _monitoring(cluster: SandboxCluster, folder: Path, clones: Path) -> None:
    for helm in ("helm3", "helm"):
        monitoring.stack(cluster, folder / helm, helm, clones)


if __name__ == "__main__":
    main()
