"""Real Kubernetes control planes in place of the sandbox's own API, for users who choose them.

FLOWMART_SANDBOX_CLUSTER=envtest flowmart sandbox up

One process (`__main__`) starts a control plane for each cluster from the programs of `deployments.peers.kubernetes`.
It has the users, tokens and files of the sandbox's own clusters, so the rest of the sandbox needs no changes. No
container runs here either: kwok simulates the nodes, and `network` responds for the pods.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deployments.peers.kubernetes import programs
from tasks.domain.errors import InvalidInput
from tasks.tool_environment import of_this_process

CHOICE = "FLOWMART_SANDBOX_CLUSTER"
"""The variable that chooses between emulated and real clusters."""
EMULATED, ENVTEST = "emulated", "envtest"
_KIND = "kind"


def choose(state: Path) -> None:
    """Record which kind of clusters a state folder has. Existing clusters keep their kind.

    Args:
        state: The folder of all clusters.

    Raises:
        InvalidInput: The clusters are of another kind, the kind is unknown, or a program is missing.
    """
    asked, file = os.environ.get(CHOICE, ""), state / _KIND
    had = file.read_text() if file.exists() else ""
    if asked not in ("", EMULATED, ENVTEST):
        raise InvalidInput(f"{CHOICE}={asked}: it is {EMULATED} (the default) or {ENVTEST}")
    if had and asked not in ("", had):
        raise InvalidInput(f"{CHOICE}={asked}: the sandbox's clusters are {had}; run flowmart sandbox down first")
    wanted = had or asked or EMULATED
    if wanted == ENVTEST:
        _require_programs()
    file.write_text(wanted)


def is_real(state: Path) -> bool:
    """Tell whether the clusters in a state folder are real control planes."""
    return (state / _KIND).read_text() == ENVTEST


def command(port: int, state: Path, clusters: Sequence[str]) -> list[str]:
    """Return the command of the process that starts these clusters.

    Args:
        port: TCP port on 127.0.0.1 of the process itself.
        state: The folder of all clusters.
        clusters: Names of the clusters.
    """
    program = [sys.executable, "-m", "deployments.sandbox.control_planes"]
    return [*program, "--port", str(port), "--state", str(state), "--clusters", ",".join(clusters)]


def variables() -> Mapping[str, str]:
    """Return the environment variables with which that process finds its programs."""
    return of_this_process((programs.ASSETS, programs.CHOICE))


def _require_programs() -> None:
    try:
        programs.require()
    except programs.MissingProgram as error:
        raise InvalidInput(f"{CHOICE}={ENVTEST}: {error}") from error
