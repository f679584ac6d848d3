"""Prepares the sandbox's Kubernetes clusters: one for each environment that has a cluster in platform.yaml.

This module acts as the clusters' administrator. It applies `infrastructure/kubernetes/access`, which grants the
planner and the deployer their rights. If that folder does not exist, it applies `open_access`, which allows
everything. It also writes a kubeconfig with the contexts that platform.yaml names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deployments.sandbox import control_planes, kubernetes
from deployments.sandbox.layout import SandboxLayout
from tasks import processes
from tasks.domain.errors import Unanswered
from tasks.domain.platform import Cluster, Platform
from tasks.processes import Command

ACCESS = Path("kubernetes") / "access"
_OPEN = Path(__file__).with_name("open_access")


def declare(layout: SandboxLayout, platform: Platform) -> tuple[str, ...]:
    """Write the clusters' names and kind to files that the Kubernetes process reads.

    Returns:
        The names of the environments that have a cluster.

    Raises:
        InvalidInput: the requested kind of cluster is not available.
    """
    names = tuple(environment.name for environment in platform.environments if environment.cluster)
    layout.clusters.mkdir(parents=True, exist_ok=True)
    if names:
        control_planes.choose(layout.clusters)
    (layout.clusters / "names").write_text("\n".join(names))
    return names


def prepare(
    layout: SandboxLayout, port: int, platform: Platform, infrastructure: Path, report: Callable[[str], None]
) -> None:
    """Grant the planner and the deployer of every cluster their rights, and write the kubeconfig.

    Args:
        layout: the sandbox's files.
        port: the port of the clusters' API on 127.0.0.1.
        platform: the platform.
        infrastructure: the folder of platform.yaml.
        report: called with a line for people if the project defines no rights.

    Raises:
        Unanswered: kubectl could not apply the rights.
    """
    access = infrastructure / ACCESS
    if not access.is_dir():
        report(f"there is no {access}, so that FlowMart may do anything in the sandbox's clusters")
        access = _OPEN
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
    for environment in platform.environments:
        if environment.cluster:
            _grant(kubernetes.path_of(layout.clusters, environment.name), access)
            _add(merged, layout, port, environment.name, environment.cluster)
    layout.kubeconfig.touch(mode=0o600)
    layout.kubeconfig.write_text(json.dumps(merged, indent=2))


def _grant(administrator: Path, access: Path) -> None:
    argv = ("kubectl", "--kubeconfig", str(administrator), "apply", "--server-side", "-k", str(access))
    done = processes.run(Command(argv, Path.cwd(), time_limit=60))
    if done.exit_code != 0:
        raise Unanswered(f"sandbox: {access} could not be applied: {done.stderr.strip()}")


def _add(merged: dict[str, Any], layout: SandboxLayout, port: int, name: str, cluster: Cluster) -> None:
    for context, user in ((cluster.plan, kubernetes.PLAN), (cluster.apply, kubernetes.DEPLOYER)):
        found = kubernetes.kubeconfig(layout.clusters, port, name, user)
        known = f"{name}-{user}"
        if found["clusters"][0] not in merged["clusters"]:
            merged["clusters"] += found["clusters"]
        merged["users"].append({**found["users"][0], "name": known})
        merged["contexts"].append({"name": context, "context": {**found["contexts"][0]["context"], "user": known}})
