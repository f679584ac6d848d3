"""Workspaces for tests of engines that run without the core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasks.domain.platform import Environment, Roles, Unit
from tasks.domain.release import Target
from tasks.engines.base import Workspace
from tasks.processes import Processes

DEV = Environment("dev", "222222222222", "eu-west-1", Roles("", ""))


def workspace(infrastructure: Path, unit: Unit, environment: Environment = DEV, **more: Any) -> Workspace:
    """Where the unit of release "one" is worked on; `more` are other attributes of `Workspace`."""
    known: dict[str, Any] = {
        "target": Target("one", environment.name, unit.name),
        "infrastructure": infrastructure,
        "unit": unit,
        "environment": environment,
        "unit_digest": "digest",
        "reading": dict,
        "writing": dict,
        "processes": Processes(),
        "platform": "flowmart",
    }
    return Workspace(**{**known, **more})
