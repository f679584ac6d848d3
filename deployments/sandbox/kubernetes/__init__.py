"""Emulate Kubernetes clusters for the sandbox: an API server with its controllers, in one Python process.

Other packages import only this module and `configs`. The exception is `control_planes`, which reuses users, simulated
containers and scrape targets. Nothing in here knows the product. README.md says what is emulated, how, and what is
not.
"""

from __future__ import annotations

import ssl
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from deployments.sandbox.kubernetes.access.tokens import ADMINISTRATOR, DEPLOYER, PLAN
from deployments.sandbox.kubernetes.configs import kubeconfig, path_of, server_of

__all__ = ["ADMINISTRATOR", "DEPLOYER", "PLAN", "answers", "command", "kubeconfig", "path_of", "server_of"]


def command(port: int, state: Path, clusters: Sequence[str]) -> list[str]:
    """Return the command that starts the process that serves these clusters.

    Args:
        port: TCP port on 127.0.0.1.
        state: The folder that holds the state of all clusters.
        clusters: Names of the clusters to serve.

    Returns:
        The program and its arguments.
    """
    program = [sys.executable, "-m", "deployments.sandbox.kubernetes"]
    return [*program, "--port", str(port), "--state", str(state), "--clusters", ",".join(clusters)]


def answers(port: int, state: Path) -> bool:
    """Tell whether the process with this state folder responds on 127.0.0.1.

    Sends one request to `/healthz` and waits at most 5 seconds.

    Args:
        port: TCP port on 127.0.0.1.
        state: The process's state folder, whose `ca.crt` the request trusts.

    Returns:
        False if the certificate is missing, the connection fails or the request times out.
    """
    try:
        trusted = ssl.create_default_context(cafile=str(state / "ca.crt"))
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted)
        )
        direct.open(f"https://127.0.0.1:{port}/healthz", timeout=5).close()
    except OSError:
        return False
    return True
