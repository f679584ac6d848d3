"""Deletes stacks and single resources."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deployments.sandbox.aws_server.cloudformation import snapshots
from deployments.sandbox.aws_server.cloudformation.clients import Clients, is_missing, via_cloudformation
from deployments.sandbox.aws_server.cloudformation.handling import Failed, acted
from deployments.sandbox.aws_server.cloudformation.kinds import Kind
from deployments.sandbox.aws_server.cloudformation.resources import KINDS, Resource
from deployments.sandbox.aws_server.cloudformation.stacks import Stack


def remove(stack: Stack, aws: Clients, refusal: str = "", retained: Collection[str] = ()) -> None:
    """Delete a stack's resources in reverse order, except those that are retained.

    What a resource needs that could not be deleted stays, too.

    Args:
        stack: the stack, which ends as DELETE_COMPLETE or DELETE_FAILED.
        aws: clients with the caller's rights.
        refusal: the reason why it must not be deleted; then the stack stays as it was, as on AWS.
        retained: logical ids of resources to leave in the account.
    """
    before = stack.status
    stack.enter("DELETE_IN_PROGRESS", "User Initiated")
    if refusal:
        stack.enter(before, refusal)
        return
    aws.tags, needed = stack.tags, set[str]()
    stack.undeleted = set()
    for name in reversed(list(stack.resources)):
        resource = stack.resources[name]
        policy = "Retain" if name in retained else resource.on_deletion
        if name not in needed and _is_deleted(stack, resource, aws, policy):
            del stack.resources[name]
        else:
            needed |= {*stack.template.needs(name)}
    if stack.resources:
        stack.enter("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(stack.undeleted)}].")
        return
    stack.deleted = datetime.now(UTC)
    stack.enter("DELETE_COMPLETE")


def _is_deleted(stack: Stack, resource: Resource, aws: Clients, policy: str) -> bool:
    try:
        delete(stack, resource, aws, policy)
    except Failed:
        stack.undeleted.add(resource.logical_id)
        return False
    return True


def delete(stack: Stack, resource: Resource, aws: Clients, policy: str) -> None:
    """Delete one resource, unless its policy is to retain it.

    Raises:
        Failed: the resource cannot be deleted.
    """
    if policy not in ("Delete", "Snapshot"):
        stack.tell(resource.logical_id, resource.made.id, resource.kind, "DELETE_SKIPPED")
        return
    kind = KINDS[resource.kind]
    if kind.checked and _there(kind, resource, aws) is None:
        # As on AWS, deleting a missing resource succeeds: CloudFormation takes a handler's NotFound for success.
        return
    if policy == "Snapshot":
        name, id_ = resource.logical_id, resource.made.id
        taken = lambda: snapshots.take(aws, resource.kind, id_, stack.name, name)  # noqa: E731
        acted(stack, name, resource.kind, "DELETE_FAILED", taken)
    acted(stack, resource.logical_id, resource.kind, "DELETE_FAILED", lambda: _drop(kind, resource, aws))
    stack.tell(resource.logical_id, resource.made.id, resource.kind, "DELETE_COMPLETE")


def _drop(kind: Kind, resource: Resource, aws: Clients) -> None:
    """Delete a resource, which may be gone, perhaps with what it was part of: a permission with its function."""
    try:
        kind.delete(aws, resource.made, resource.properties)
    except ClientError as error:
        if not is_missing(error):
            raise


def _there(kind: Kind, resource: Resource, aws: Clients) -> Mapping[str, Any] | None:
    try:
        with via_cloudformation():
            return kind.read(aws, resource.made, resource.properties)
    except ClientError as error:
        return None if is_missing(error) else {}
    except BotoCoreError:
        return {}
