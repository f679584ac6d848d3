"""What a run of a playbook needs besides its files, and how a plan keeps it for its apply, sealed by a digest."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks.domain import wording
from tasks.domain.errors import InvalidInput
from tasks.domain.plan import Artifact, Change, Plan
from tasks.engines import sealed
from tasks.engines.changes import SIGNS, listed


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
    return sealed.save(asdict(what), folder / f"{what.playbook or 'nothing'}.plan.json")


def take(plan: Plan) -> tuple[Job, float]:
    """What `plan` saved, and how many seconds ago. A plan is taken once: `StalePlan` the second time.

    `StalePlan` too when the file is not the one that was planned.
    """
    file = sealed.intact(plan, "the plan is used up, or its file is not the one that was planned")
    saved, age = file.read_text(), time.time() - file.stat().st_mtime
    file.unlink()
    return Job(**json.loads(saved)), age


def text(changes: Iterable[Change], warnings: Iterable[str]) -> str:
    """A line for each task that changes something, then what differs; warnings last."""
    return listed(changes, _told, warnings)


def _told(change: Change) -> list[str]:
    return [f"{SIGNS[change.action]} {change.address}", *(f"    {line}" for line in wording.differences(change))]
