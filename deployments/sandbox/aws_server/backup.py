"""Adds the operations of AWS Backup that moto 5.2 lacks: change a plan, and manage its selections.

Plans and selections are only stored. No backup is ever made.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from moto.backup.exceptions import ResourceNotFoundException
from moto.backup.responses import BackupResponse

_Selections = dict[str, dict[str, Any]]


def install() -> None:
    """Add these operations to moto in this process."""
    for operation in (update_backup_plan, create_backup_selection, get_backup_selection, delete_backup_selection):
        setattr(BackupResponse, operation.__name__, operation)


def update_backup_plan(response: BackupResponse) -> str:
    """Replace a plan's document. The plan keeps its id and gets a new version."""
    plan = response.backup_backend.get_backup_plan(_id(response), None)
    plan.backup_plan = json.loads(response.body)["BackupPlan"]
    plan.version_id = str(uuid4())
    return json.dumps(plan.to_dict())


def create_backup_selection(response: BackupResponse) -> str:
    """Add a selection to a plan."""
    made: dict[str, Any] = {"SelectionId": str(uuid4()), "BackupPlanId": _id(response), "CreationDate": 0}
    _of(response)[made["SelectionId"]] = {**made, "BackupSelection": json.loads(response.body)["BackupSelection"]}
    return json.dumps(made)


def get_backup_selection(response: BackupResponse) -> str:
    """Return one selection of a plan.

    Raises:
        ResourceNotFoundException: the plan has no such selection.
    """
    return json.dumps(_of(response)[_selection(response)])


def delete_backup_selection(response: BackupResponse) -> str:
    """Remove a selection from a plan.

    Raises:
        ResourceNotFoundException: the plan has no such selection.
    """
    del _of(response)[_selection(response)]
    return "{}"


def _of(response: BackupResponse) -> _Selections:
    plan = response.backup_backend.get_backup_plan(_id(response), None)
    found: _Selections = plan.__dict__.setdefault("selections", {})
    return found


def _id(response: BackupResponse) -> str:
    return str(response.path.split("/plans/")[1].split("/")[0])


def _selection(response: BackupResponse) -> str:
    name = str(response.path.rstrip("/").split("/")[-1])
    if name not in _of(response):
        raise ResourceNotFoundException(f"Cannot find selection {name}")
    return name
