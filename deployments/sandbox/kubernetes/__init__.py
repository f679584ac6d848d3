"""Kubernetes clusters for the sandbox: an API server with its controllers, in one Python process.

A room of its own: nothing outside imports more than this module and `configs`, and nothing in here knows the
product. README.md says what is emulated, how, and what is not.
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
    """What starts the process that serves these clusters."""
    program = [sys.executable, "-m", "deployments.sandbox.kubernetes"]
    return [*program, "--port", str(port), "--state", str(state), "--clusters", ",".join(clusters)]


def answers(port: int, state: Path) -> bool:
    """Whether the process that keeps its state there answers on 127.0.0.1:`port`; asked once, for at most 5 s."""
    try:
        trusted = ssl.create_default_context(cafile=str(state / "ca.crt"))
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted)
        )
        direct.open(f"https://127.0.0.1:{port}/healthz", timeout=5).close()
    except OSError:
        return False
    return True
