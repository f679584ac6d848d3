"""The stacks that one account has in one region, change sets and drift detections, and how requests name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.core.responses import BaseResponse

from deployments.sandbox.aws_server.cloudformation.change_sets import Difference
from deployments.sandbox.aws_server.cloudformation.drift import Detection
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template


@dataclass
class ChangeSet:
    """A change set; `template` and `tags` are what executing it brings, `root` is the one that it is nested in.

    `kind` is CREATE, UPDATE or IMPORT; `imports` are identifiers by logical id.
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
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Registry:
    """What one account has in one region."""

    stacks: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    detections: dict[str, Detection] = field(default_factory=dict)


_registries: dict[tuple[str, str], Registry] = {}


class NoSuchStack(ValidationError):
    """The answer to a request about a stack that is not there."""


class ChangeSetNotFound(CloudFormationError):
    """The answer to a request about a change set that is not there."""

    code = "ChangeSetNotFound"


def registry_of(response: BaseResponse) -> Registry:
    """The stacks of the account and region that a request is for."""
    return _registries.setdefault((response.current_account, response.region), Registry())


def found_in(registry: Registry, name: str) -> Stack | None:
    """By name, those that are there; by id, deleted ones too."""
    if name in registry.stacks:
        return registry.stacks[name]
    return next((stack for stack in registry.stacks.values() if stack.name == name and not stack.deleted), None)


def stack_of(response: BaseResponse, registry: Registry | None = None) -> Stack:
    """The stack that a request names; ValidationError when it is not there."""
    name = str(response._get_param("StackName"))
    stack = found_in(registry or registry_of(response), name)
    if stack is None:
        raise NoSuchStack(name)
    return stack


def change_set_of(response: BaseResponse) -> ChangeSet:
    """The change set that a request names, by ARN or by its own name and the stack's."""
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
    """The ARN of something of CloudFormation's, where the request is for."""
    return f"arn:aws:cloudformation:{response.region}:{response.current_account}:{what}"
