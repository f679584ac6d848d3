"""Kubeconfig files: how kubectl, helm and the Python client reach a sandbox cluster, and as which user.

Other packages may call this module. It only reads and writes files, so the clusters need not run.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from deployments.sandbox.kubernetes.access.tokens import ADMINISTRATOR, DEPLOYER, PLAN

__all__ = ["ADMINISTRATOR", "DEPLOYER", "PLAN", "kubeconfig", "path_of", "served_at", "server_of", "write"]


def server_of(port: int, cluster: str) -> str:
    """Return the URL of a cluster's API."""
    return f"https://127.0.0.1:{port}/clusters/{cluster}"


def served_at(state: Path, cluster: str) -> Path:
    """Return the path of the file that holds the API's URL, if that differs from `server_of`."""
    return state / cluster / "server"


def path_of(state: Path, cluster: str, user: str = ADMINISTRATOR) -> Path:
    """Return the path of a user's kubeconfig for one cluster, below the state folder."""
    return state / cluster / f"{user}.kubeconfig"


def kubeconfig(state: Path, port: int, cluster: str, user: str = ADMINISTRATOR) -> dict[str, Any]:
    """Return the kubeconfig of one user of one cluster.

    Args:
        state: The state folder of all clusters.
        port: TCP port of the API on 127.0.0.1.
        cluster: The cluster's name.
        user: The user whose token the kubeconfig holds.

    Returns:
        The kubeconfig as JSON values.

    Raises:
        FileNotFoundError: The state folder has never held this cluster.
    """
    authority = base64.b64encode((state / "ca.crt").read_bytes()).decode()
    token = json.loads((state / cluster / "tokens.json").read_text())[user]
    name, elsewhere = f"flowmart-{cluster}", served_at(state, cluster)
    server = elsewhere.read_text() if elsewhere.exists() else server_of(port, cluster)
    context = {"cluster": name, "user": user, "namespace": "default"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
    }


def write(state: Path, port: int, cluster: str, user: str = ADMINISTRATOR) -> Path:
    """Write that kubeconfig as JSON, which is also YAML, and return its path. Only the owner can read the file."""
    path = path_of(state, cluster, user)
    path.touch(mode=0o600)
    path.write_text(json.dumps(kubeconfig(state, port, cluster, user), indent=2))
    return path
