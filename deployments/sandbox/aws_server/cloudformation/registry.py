"""Stores the stacks, change sets and drift detections of each account and region, and finds those a request names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.core.responses import ActionResult, BaseResponse

from deployments.sandbox.aws_server.cloudformation.change_sets import Difference
from deployments.sandbox.aws_server.cloudformation.drift import Detection
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template


@dataclass
class ChangeSet:
    """A change set.

    Attributes:
        template: the stack's template after the change set has been executed.
        tags: the stack's tags after it has been executed.
        root: the ARN of the change set that contains it; empty if there is none.
        kind: CREATE, UPDATE or IMPORT.
        imports: {logical id: identifier} of the resources to import.
        events: what its validation found, as DescribeEvents returns it.
        token: the ClientToken of the request that created it; empty if there was none.
    """

    arn: str
    name: str
    stack: Stack
    template: Template
    tags: dict[str, str]
    changes: tuple[Difference, ...]
    status: str = "CREATE_COMPLETE"
    execution: str = "AVAILABLE"
    reason: str = ""
    root: str = ""
    kind: str = "UPDATE"
    imports: Mapping[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    token: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Registry:
    """The stacks, change sets and drift detections of one account in one region.

    Attributes:
        answered: {ClientRequestToken: (action, stack and change set of the request, the response to it)}.
    """

    stacks: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    detections: dict[str, Detection] = field(default_factory=dict)
    answered: dict[str, tuple[tuple[Any, ...], ActionResult]] = field(default_factory=dict)


_registries: dict[tuple[str, str], Registry] = {}


class NoSuchStack(ValidationError):
    """The error for a request about a stack that does not exist."""


class ChangeSetNotFound(CloudFormationError):
    """The error for a request about a change set that does not exist."""

    code = "ChangeSetNotFound"


def registry_of(response: BaseResponse) -> Registry:
    """Return the registry of the account and region that a request is for."""
    return _registries.setdefault((response.current_account, response.region), Registry())


def found_in(registry: Registry, name: str) -> Stack | None:
    """Return the stack with a name, unless it is deleted, or with an id, deleted or not; None if there is none."""
    if name in registry.stacks:
        return registry.stacks[name]
    return next((stack for stack in registry.stacks.values() if stack.name == name and not stack.deleted), None)


def stack_of(response: BaseResponse, registry: Registry | None = None) -> Stack:
    """Return the stack that a request names.

    Raises:
        NoSuchStack: there is no such stack.
    """
    name = str(response._get_param("StackName"))
    stack = found_in(registry or registry_of(response), name)
    if stack is None:
        raise NoSuchStack(name)
    return stack


def change_set_of(response: BaseResponse) -> ChangeSet:
    """Return the change set that a request names, by ARN, or by its name and that of the stack.

    Raises:
        ChangeSetNotFound: there is no such change set.
        NoSuchStack: there is no such stack.
    """
    name, registry = str(response._get_param("ChangeSetName")), registry_of(response)
    if name in registry.change_sets:
        return registry.change_sets[name]
    if not name.startswith("arn:"):
        stack = stack_of(response)
        for made in registry.change_sets.values():
            if made.stack is stack and made.name == name:
                return made
    raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")


def arn(response: BaseResponse, what: str) -> str:
    """Return the ARN of a CloudFormation object in the account and region of a request."""
    return f"arn:aws:cloudformation:{response.region}:{response.current_account}:{what}"
