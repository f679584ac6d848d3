"""Serves the sandbox's Kubernetes clusters on loopback, until SIGTERM.

python -m deployments.sandbox.kubernetes --port 6443 --state FOLDER --clusters dev,staging,production
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from aiohttp import web

from deployments.sandbox.kubernetes import certificates, configs
from deployments.sandbox.kubernetes.access.tokens import GROUPS
from deployments.sandbox.kubernetes.api.application import application
from deployments.sandbox.kubernetes.cluster import Cluster, open_cluster

_PACE = 0.25


async def serve(port: int, state: Path, names: list[str], pace: float) -> None:
    """Serve the clusters until SIGTERM or SIGINT.

    State is complete at any moment, so a shutdown has nothing left to write.

    Args:
        port: TCP port on 127.0.0.1.
        state: The folder for certificates, kubeconfigs and one folder per cluster.
        names: Names of the clusters.
        pace: Seconds that a container takes to start.
    """
    secure = certificates.ensure(state)
    authority = secure.authority.read_text()
    clusters = {name: open_cluster(name, state / name, authority, pace) for name in names}
    runner = web.AppRunner(application(clusters), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=secure.context).start()
    for name in names:
        for user in GROUPS:
            configs.write(state, port, name, user)
    await _until_told(clusters)
    await runner.cleanup()
    for cluster in clusters.values():
        cluster.store.close()


async def _until_told(clusters: dict[str, Cluster]) -> None:
    running = [asyncio.create_task(cluster.loop.run()) for cluster in clusters.values()]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def main() -> None:
    """Read the command line and serve the clusters."""
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox.kubernetes", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="the folder that everything is kept in")
    parser.add_argument("--clusters", required=True, help="names, separated by commas")
    parser.add_argument("--pace", type=float, default=_PACE, help="seconds that a container takes to start")
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.state, given.clusters.split(","), given.pace))


if __name__ == "__main__":
    main()
