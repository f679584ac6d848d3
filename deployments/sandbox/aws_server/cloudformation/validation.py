"""Validates change sets before deployment: whether the names of new resources are taken.

Its findings are events of the change set, which DescribeEvents returns. Not emulated: validation that only warns.

Source: the user guide, "Validate stack deployments", and the API reference of DescribeEvents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from deployments.sandbox.aws_server.cloudformation import schemas
from deployments.sandbox.aws_server.cloudformation.change_sets import Difference
from deployments.sandbox.aws_server.cloudformation.clients import Clients, Unanswered
from deployments.sandbox.aws_server.cloudformation.imports import read
from deployments.sandbox.aws_server.cloudformation.intrinsics import is_later
from deployments.sandbox.aws_server.cloudformation.resources import KINDS
from deployments.sandbox.aws_server.cloudformation.templates import Template


def found(changes: Mapping[str, Difference], template: Template, aws: Clients) -> list[dict[str, Any]]:
    """Return the events of what would fail, as DescribeEvents returns them.

    Args:
        changes: {logical id: its change}.
        template: the new template of the stack.
        aws: clients with the caller's rights. What they may not read is not validated.
    """
    return [*_taken(changes, template, aws)]


def reason(events: list[dict[str, Any]]) -> str:
    """Return the status reason of a change set with these events; empty if there are none."""
    names = ", ".join(dict.fromkeys(event["ValidationName"] for event in events))
    told = "To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
    return f"The following hook(s)/validation failed: [{names}]. {told}" if events else ""


def _taken(changes: Mapping[str, Difference], template: Template, aws: Clients) -> Iterator[dict[str, Any]]:
    for name, change in changes.items():
        value = _name(change, template.region) if change.action == "Add" else ""
        if value and _exists(aws, template, name, value):
            told = f"Resource of type '{change.kind}' with identifier '{value}' already exists."
            yield _event(change, "AWS::EarlyValidation::ResourceExistenceCheck", told)


def _name(change: Difference, region: str) -> str:
    """Return the identifier that a new resource will have, if its template sets it; else ""."""
    keys = schemas.identifier(change.kind, region)
    if len(keys) != 1 or not KINDS[change.kind].importable or not schemas.is_readable(change.kind, region):
        return ""
    value = (change.after or {}).get(keys[0])
    return value if isinstance(value, str) and not is_later(value) else ""


def _exists(aws: Clients, template: Template, name: str, value: str) -> bool:
    try:
        return read(aws, template, name, value) is not None
    except (ClientError, BotoCoreError, Unanswered):
        return False


def _event(change: Difference, name: str, told: str) -> dict[str, Any]:
    return {
        "EventId": str(uuid4()),
        "EventType": "VALIDATION_ERROR",
        "OperationType": "CREATE_CHANGESET",
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id or None,
        "ResourceType": change.kind,
        "Timestamp": datetime.now(UTC),
        "ValidationFailureMode": "FAIL",
        "ValidationName": name,
        "ValidationStatus": "FAILED",
        "ValidationStatusReason": told,
        "ValidationPath": f"/Resources/{change.logical_id}",
    }
