"""What a run of a playbook needs besides its files, and how a plan keeps it for its apply, sealed by a digest."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks import wording
from tasks.errors import InvalidInput, StalePlan
from tasks.model import Action, Artifact, Change, Plan

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "±", Action.DELETE: "-"}


@dataclass(frozen=True)
class Job:
    """One playbook (a file of the unit's folder), on which hosts (name -> address), as whom, with which variables.

    `playbook` is empty where there is nothing to run: a way back that nobody wrote.
    """

    playbook: str
    hosts: Mapping[str, str]
    user: str = ""
    variables: Mapping[str, Any] | None = None


def job(unit: str, playbook: str, inputs: Mapping[str, Any]) -> Job:
    """The job that a unit's inputs describe; `InvalidInput` names what is wrong with them."""
    hosts = inputs.get("hosts")
    if not isinstance(hosts, Mapping) or not hosts:
        raise InvalidInput(f"{unit}: inputs.hosts: name at least one host and its address, as {{bastion: 10.0.0.1}}")
    for name, address in hosts.items():
        if not isinstance(address, str) or not address or "{" in address:
            raise InvalidInput(f"{unit}: inputs.hosts.{name}: {address!r} is no address")
    return Job(playbook, dict(hosts), str(inputs.get("user") or ""), dict(inputs.get("variables") or {}))


def save(what: Job, folder: Path) -> Artifact:
    """Write it into `folder`, readable for its owner only: there may be secrets in the variables."""
    file = folder / f"{what.playbook or 'nothing'}.plan.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(what)))
    return Artifact(file, _sha256(file))


def take(plan: Plan) -> tuple[Job, float]:
    """What `plan` saved, and how many seconds ago. A plan is taken once: `StalePlan` the second time.

    `StalePlan` too when the file is not the one that was planned.
    """
    artifact = plan.artifact
    if artifact is None or _sha256(artifact.path) != artifact.sha256:
        raise StalePlan(
            f"{plan.target}: the plan is used up, or its file is not the one that was planned; plan again"
        )
    saved, age = artifact.path.read_text(), time.time() - artifact.path.stat().st_mtime
    artifact.path.unlink()
    return Job(**json.loads(saved)), age


def text(changes: Iterable[Change], warnings: Iterable[str]) -> str:
    """A line for each task that changes something, then what differs; warnings last."""
    lines = [line for change in changes for line in _told(change)]
    return "\n".join([*(lines or ["No changes."]), *(f"! {warning}" for warning in warnings)])


def _told(change: Change) -> list[str]:
    return [f"{_SIGNS[change.action]} {change.address}", *(f"    {line}" for line in wording.differences(change))]


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
