"""Real Kubernetes control planes in place of the sandbox's own API, for whoever asks for them.

FLOWMART_SANDBOX_CLUSTER=envtest flowmart sandbox up

One process (`__main__`) starts a control plane for each cluster from the programs of `deployments.peers.kubernetes`,
with the users, the tokens and the files of the sandbox's own clusters, so that nobody else has to know. No container
runs here either: kwok plays the nodes, and `network` answers for the pods.
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
"""The variable that chooses between the two."""
EMULATED, ENVTEST = "emulated", "envtest"
_KIND = "kind"


def choose(state: Path) -> None:
    """Write down of which kind the clusters in a state folder are: as they were, or else as is asked for.

    Raises:
        InvalidInput: they were of another kind, there is no such kind, or a program is missing.
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
    """Whether the clusters in a state folder are real control planes."""
    return (state / _KIND).read_text() == ENVTEST


def command(port: int, state: Path, clusters: Sequence[str]) -> list[str]:
    """What starts the process that starts these clusters."""
    program = [sys.executable, "-m", "deployments.sandbox.control_planes"]
    return [*program, "--port", str(port), "--state", str(state), "--clusters", ",".join(clusters)]


def variables() -> Mapping[str, str]:
    """What that process needs to find the programs."""
    return of_this_process((programs.ASSETS, programs.CHOICE))


def _require_programs() -> None:
    try:
        programs.require()
    except programs.MissingProgram as error:
        raise InvalidInput(f"{CHOICE}={ENVTEST}: {error}") from error
