"""Starts a real control plane for each cluster, and ends them at SIGTERM.

python -m deployments.sandbox.control_planes --port 6443 --state FOLDER --clusters dev,staging,production

On its own port it says that all of them are up (/healthz), and tells Prometheus what to scrape (/targets/<cluster>).
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import ssl
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

from aiohttp import web

from deployments.peers.kubernetes import keys
from deployments.peers.kubernetes.keys import Keys
from deployments.sandbox.control_planes.plane import Plane
from deployments.sandbox.kubernetes.api import targets


def main() -> int:
    """Read the command line, start the control planes and serve. Return 1 if a control plane ended unexpectedly."""
    parser = argparse.ArgumentParser(prog="python -m deployments.sandbox.control_planes", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="the folder that everything is kept in")
    parser.add_argument("--clusters", required=True, help="names, separated by commas")
    given = parser.parse_args()
    # Set before anything starts, so that SIGTERM always ends what has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(given.port, given.state.resolve(), given.clusters.split(","))
    except KeyboardInterrupt:
        return 0
    return 1


def _run(port: int, state: Path, names: list[str]) -> None:
    known = keys.ensure(state / "keys")
    shutil.copy(known.authority, state / "ca.crt")
    planes = {name: Plane(state, name, known) for name in names}
    with ThreadPoolExecutor() as pool:
        try:
            list(pool.map(Plane.start, planes.values()))
            asyncio.run(_serve(port, known, planes))
        finally:
            list(pool.map(Plane.stop, planes.values()))


async def _serve(port: int, known: Keys, planes: Mapping[str, Plane]) -> None:
    """Serve until a process of a control plane ends."""

    async def targets_of(request: web.Request) -> web.Response:
        plane = planes.get(request.match_info["cluster"])
        if plane is None:
            raise web.HTTPNotFound
        try:
            pods = await asyncio.to_thread(plane.pods, request.headers.get("Authorization", ""))
        except HTTPError as error:
            return web.Response(status=error.code)
        return web.json_response(targets.targets(plane.name, pods, plane.host, ""))

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    served = web.Application()
    served.router.add_get("/healthz", alive)
    served.router.add_get("/targets/{cluster}", targets_of)
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*known.certificate("server"))
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    while all(plane.alive for plane in planes.values()):
        await asyncio.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
