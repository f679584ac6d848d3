"""Stacks with their resources, events and status. The statuses are AWS's ("Stack status codes")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.resources import Resource
from deployments.sandbox.aws_server.cloudformation.templates import Template

Undo = Callable[[Clients], None]


@dataclass(frozen=True)
class Event:
    """An event of a resource, or of the stack itself."""

    logical_id: str
    physical_id: str
    kind: str
    status: str
    reason: str
    at: datetime
    id: str
    token: str = ""
    """The ClientRequestToken of the operation."""


@dataclass(frozen=True)
class Pending:
    """A change that is made but not yet complete. Resources that it no longer needs still exist."""

    template: Template
    tags: Mapping[str, str]
    verb: str
    """CREATE, UPDATE or IMPORT."""
    gone: tuple[Resource, ...]
    replaced: tuple[Resource, ...]


@dataclass
class Stack:
    """One stack.

    Attributes:
        undoing: the steps that roll back a change, as far as they are still to be made.
        undeleted: the resources that the latest deletion could not remove.
        pending: a change that is still to be completed.
        parent: the id of the stack that contains this one.
        root: the id of the outermost stack that contains this one.
        change_set: the ARN of the change set that was executed last.
        token: the ClientRequestToken of the latest operation.
    """

    id: str
    name: str
    template: Template
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    resources: dict[str, Resource] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    policy: str = ""
    protected: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime | None = None
    deleted: datetime | None = None
    undoing: list[tuple[str, Undo]] = field(default_factory=list)
    undeleted: set[str] = field(default_factory=set)
    pending: Pending | None = None
    parent: str = ""
    root: str = ""
    change_set: str = ""
    token: str = ""

    def enter(self, status: str, reason: str = "") -> None:
        """Set the status and add an event for it."""
        self.status, self.reason = status, reason
        self.tell(self.name, self.id, "AWS::CloudFormation::Stack", status, reason)

    def tell(self, logical_id: str, physical_id: str, kind: str, status: str, reason: str = "") -> None:
        """Add an event."""
        now = datetime.now(UTC)
        self.events.append(Event(logical_id, physical_id, kind, status, reason, now, str(uuid4()), self.token))
