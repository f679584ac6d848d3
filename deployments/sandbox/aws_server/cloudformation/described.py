"""Formats stacks, change sets and events as the API returns them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text
from deployments.sandbox.aws_server.cloudformation.registry import ChangeSet
from deployments.sandbox.aws_server.cloudformation.stacks import Event, Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template


def parameters(template: Template) -> list[dict[str, str]]:
    """Return the given parameters, then the defaults, with NoEcho values masked; empty if there is no template."""
    if not template.text:
        return []
    return [
        {"ParameterKey": key, "ParameterValue": "****" if is_hidden(template.slots.get(key, {})) else value}
        for key, value in template.parameters.items()
    ] + [
        {"ParameterKey": key, "ParameterValue": "****" if is_hidden(slot) else as_text(slot["Default"])}
        for key, slot in template.slots.items()
        if key not in template.parameters and "Default" in slot
    ]


def is_hidden(slot: Mapping[str, Any]) -> bool:
    """Tell whether a parameter is declared with NoEcho, as a boolean or as text."""
    return as_text(slot.get("NoEcho", "")).lower() == "true"


def without_values(change: dict[str, Any], with_values: bool) -> dict[str, Any]:
    """Return a change without the values before and after, unless the request sets IncludePropertyValues."""
    hidden = () if with_values else ("BeforeContext", "AfterContext")
    body = {key: value for key, value in change["ResourceChange"].items() if key not in hidden}
    return {**change, "ResourceChange": body}


def summary(made: ChangeSet) -> dict[str, Any]:
    """Return a change set without its changes."""
    return {
        "StackId": made.stack.id,
        "StackName": made.stack.name,
        "ChangeSetId": made.arn,
        "ChangeSetName": made.name,
        "Status": made.status,
        "ExecutionStatus": made.execution,
        "StatusReason": made.reason or None,
        "CreationTime": made.created,
    }


def stack_described(stack: Stack) -> dict[str, Any]:
    """Return a stack as DescribeStacks returns it."""
    made = {name: resource.made for name, resource in stack.resources.items()}
    ended = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
    # A new stack has no template after its import has been rolled back.
    there = stack.status not in ended and bool(stack.template.text)
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set or None,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "EnableTerminationProtection": stack.protected,
        "Parameters": parameters(stack.template) if there else [],
        "Outputs": stack.template.outputs(made) if there else [],
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "DisableRollback": False,
        "ParentId": stack.parent or None,
        "RootId": stack.root or None,
    }


def event_described(stack: Stack, event: Event) -> dict[str, Any]:
    """Return an event as DescribeStackEvents returns it."""
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "EventId": event.id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.kind,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or None,
        "Timestamp": event.at,
        "ClientRequestToken": event.token or None,
    }
