"""Kubeconfig files: how kubectl, helm and the Python client reach a sandbox cluster, and as whom.

The one part of this package that others call. It reads files only; the clusters need not run.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from deployments.sandbox.kubernetes.access.tokens import ADMINISTRATOR, DEPLOYER, PLAN

__all__ = ["ADMINISTRATOR", "DEPLOYER", "PLAN", "kubeconfig", "path_of", "served_at", "server_of", "write"]


def server_of(port: int, cluster: str) -> str:
    """The address of a cluster's API."""
    return f"https://127.0.0.1:{port}/clusters/{cluster}"


def served_at(state: Path, cluster: str) -> Path:
    """The file with the address of a cluster's API, where it is not `server_of`."""
    return state / cluster / "server"


def path_of(state: Path, cluster: str, user: str = ADMINISTRATOR) -> Path:
    """Where the kubeconfig of a user of a cluster is, below the state folder."""
    return state / cluster / f"{user}.kubeconfig"


def kubeconfig(state: Path, port: int, cluster: str, user: str = ADMINISTRATOR) -> dict[str, Any]:
    """The kubeconfig of a user of a cluster. FileNotFoundError when there never was such a cluster in `state`."""
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
    """Write that kubeconfig, for its owner's eyes only. JSON is YAML too."""
    path = path_of(state, cluster, user)
    path.touch(mode=0o600)
    path.write_text(json.dumps(kubeconfig(state, port, cluster, user), indent=2))
    return path
