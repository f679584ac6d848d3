"""Rolls back a failed change in reverse order. If that fails too, the stack stays in a ..._FAILED state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.handling import Failed, acted
from deployments.sandbox.aws_server.cloudformation.kinds import Kind
from deployments.sandbox.aws_server.cloudformation.removal import delete
from deployments.sandbox.aws_server.cloudformation.resources import Resource
from deployments.sandbox.aws_server.cloudformation.stacks import Stack


def continue_rollback(stack: Stack, aws: Clients, skipped: Iterable[str]) -> None:
    """Undo the remaining steps of a rollback, except those of the resources in `skipped`."""
    stack.enter("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
    left_out = set(skipped)
    stack.undoing = [(name, undo) for name, undo in stack.undoing if name not in left_out]
    aws.tags = stack.tags
    _undo(stack, aws, "UPDATE_ROLLBACK")


def roll_back(stack: Stack, aws: Clients, why: str, verb: str) -> None:
    """Undo all steps of a change.

    Args:
        stack: the stack.
        aws: clients with the caller's rights.
        why: the status reason during the rollback.
        verb: the type of the change: CREATE, UPDATE or IMPORT.
    """
    prefix = "ROLLBACK" if verb == "CREATE" else f"{verb}_ROLLBACK"
    stack.enter(f"{prefix}_IN_PROGRESS", why)
    _undo(stack, aws, prefix)


def _undo(stack: Stack, aws: Clients, prefix: str) -> None:
    while stack.undoing:
        _, undo = stack.undoing[-1]
        try:
            undo(aws)
        except Failed:
            names = ", ".join(dict.fromkeys(other for other, _ in reversed(stack.undoing)))
            stack.enter(f"{prefix}_FAILED", f"The following resource(s) failed to update: [{names}].")
            return
        stack.undoing.pop()
    stack.updated = datetime.now(UTC)
    stack.enter(f"{prefix}_COMPLETE")


def forget(stack: Stack, resource: Resource, aws: Clients) -> None:
    """Remove a resource that the change has made."""
    delete(stack, resource, aws, resource.when_undone)
    del stack.resources[resource.logical_id]


def let_go(stack: Stack, name: str) -> None:
    """Remove an imported resource from the stack without changing the resource."""
    del stack.resources[name]


def take_back(stack: Stack, earlier: Resource, aws: Clients) -> None:
    """Remove the replacement of a resource, and restore the original, which still exists."""
    made = stack.resources[earlier.logical_id]
    delete(stack, made, aws, made.when_undone)
    stack.resources[earlier.logical_id] = earlier


def change_back(stack: Stack, kind: Kind, earlier: Resource, tried: Mapping[str, Any], aws: Clients) -> None:
    """Restore the earlier properties of a resource."""
    undo = lambda: kind.undo(aws, earlier.made, tried, earlier.properties)  # noqa: E731
    acted(stack, earlier.logical_id, earlier.kind, "UPDATE_FAILED", undo)
    stack.resources[earlier.logical_id] = earlier
    stack.tell(earlier.logical_id, earlier.made.id, earlier.kind, "UPDATE_COMPLETE")
