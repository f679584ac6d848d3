"""Stacks: what there is of them, and what executing a change, failing half way and going back do to it.

States and events are those of AWS ("Stack status codes"). A change is done resource by resource; each leaves behind
how it is undone. When one fails, the undoing runs in reverse; when that fails too the stack is stuck, as on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation import dynamic
from deployments.sandbox.aws_server.cloudformation.change_sets import Difference, differences
from deployments.sandbox.aws_server.cloudformation.clients import Clients, Unanswered, via_cloudformation
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, generated
from deployments.sandbox.aws_server.cloudformation.resources import KINDS, Resource
from deployments.sandbox.aws_server.cloudformation.templates import Template
from deployments.sandbox.aws_server.policies import Decision, Request, decide

_Undo = Callable[[Clients], None]


@dataclass(frozen=True)
class Event:
    """Something that happened to a resource, or to the stack itself."""

    logical_id: str
    physical_id: str
    kind: str
    status: str
    reason: str
    at: datetime
    id: str


@dataclass
class Stack:
    """One stack. `undoing` is what is still to be undone of a change that failed."""

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
    undoing: list[tuple[str, _Undo]] = field(default_factory=list)

    def enter(self, status: str, reason: str = "") -> None:
        """Take on a status, and tell it."""
        self.status, self.reason = status, reason
        self.tell(self.name, self.id, "AWS::CloudFormation::Stack", status, reason)

    def tell(self, logical_id: str, physical_id: str, kind: str, status: str, reason: str = "") -> None:
        """Add an event."""
        now = datetime.now(UTC)
        self.events.append(Event(logical_id, physical_id, kind, status, reason, now, str(uuid4())))


class _Failed(Exception):
    """A resource could not be made, changed or removed; the message is its status reason."""


def execute(
    stack: Stack,
    template: Template,
    tags: Mapping[str, str],
    aws: Clients,
    refusal: Callable[[Template], str] = lambda _: "",
) -> None:
    """Change the stack to the template, or back to what it was where that fails; ends in a final state.

    `refusal` is why the outputs may not become those of the template; empty where they may.
    """
    creating = stack.status == "REVIEW_IN_PROGRESS"
    verb = "CREATE" if creating else "UPDATE"
    stack.enter(f"{verb}_IN_PROGRESS", "User Initiated")
    stack.undoing = []
    old_tags, aws.tags = stack.tags, tags
    todo = differences(stack.resources, template, aws.region, stack.tags != tags)
    replaced: list[Resource] = []
    try:
        for name in template.resources:
            _bring_about(stack, template, name, todo.get(name), aws, replaced)
        gone = [todo[name] for name in todo if todo[name].action == "Remove"]
        for difference in gone:
            _refuse_by_policy(stack, difference, "Update:Delete")
        if why := refusal(template):
            stack.tell(stack.name, stack.id, "AWS::CloudFormation::Stack", f"{verb}_FAILED", why)
            raise _Failed(why)
    except _Failed as error:
        aws.tags = old_tags
        _roll_back(stack, aws, str(error), creating)
        return
    _clean_up(stack, [stack.resources[difference.logical_id] for difference in gone], replaced, aws)
    stack.template, stack.tags, stack.undoing = template, dict(tags), []
    stack.updated = None if creating else datetime.now(UTC)
    stack.enter(f"{verb}_COMPLETE")


def continue_rollback(stack: Stack, aws: Clients, skipped: Iterable[str]) -> None:
    """Undo what is still to be undone, without the resources in `skipped`."""
    stack.enter("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
    left_out = set(skipped)
    stack.undoing = [(name, undo) for name, undo in stack.undoing if name not in left_out]
    aws.tags = stack.tags
    _undo(stack, aws, "UPDATE_ROLLBACK")


def remove(stack: Stack, aws: Clients, refusal: str = "") -> None:
    """Delete the stack's resources, last ones first, but those that are retained; with a `refusal`, none of them."""
    stack.enter("DELETE_IN_PROGRESS", "User Initiated")
    if refusal:
        stack.enter("DELETE_FAILED", refusal)
        return
    aws.tags = stack.tags
    for name in reversed(list(stack.resources)):
        resource = stack.resources[name]
        try:
            _delete(stack, resource, aws, resource.on_deletion)
        except _Failed as error:
            stack.enter("DELETE_FAILED", f"The following resource(s) failed to delete: [{name}]. ({error})")
            return
        del stack.resources[name]
    stack.deleted = datetime.now(UTC)
    stack.enter("DELETE_COMPLETE")


def _bring_about(
    stack: Stack, template: Template, name: str, difference: Difference | None, aws: Clients, replaced: list[Resource]
) -> None:
    """Make, change or replace one resource, and keep how that is undone."""
    there = stack.resources.get(name)
    wanted = _attempt(stack, name, lambda: template.properties(name, {n: r.made for n, r in stack.resources.items()}))
    body = template.document["Resources"][name]
    policies = template.policies(name)
    kind = KINDS[body["Type"]]
    if there is None:
        made = _create(stack, name, kind, body["Type"], wanted, aws)
        stack.resources[name] = Resource(name, body["Type"], made, wanted, *policies)
        stack.undoing.append((name, lambda clients: _forget(stack, stack.resources[name], clients)))
        return
    if difference is None or (wanted == there.properties and not difference.tags_only):
        stack.resources[name] = Resource(name, there.kind, there.made, there.properties, *policies)
        return
    if difference.replaces(there.properties, wanted, aws.region):
        _refuse_by_policy(stack, difference, "Update:Replace")
        made = _create(stack, name, kind, body["Type"], wanted, aws)
        stack.resources[name] = Resource(name, body["Type"], made, wanted, *policies)
        replaced.append(there)
        stack.undoing.append((name, lambda clients: _take_back(stack, there, clients)))
        return
    _refuse_by_policy(stack, difference, "Update:Modify")
    stack.undoing.append((name, lambda clients: _change_back(stack, kind, there, wanted, clients)))
    stack.tell(name, there.made.id, there.kind, "UPDATE_IN_PROGRESS")
    changed = lambda: kind.update(aws, there.made, *(dynamic.resolved(aws, p) for p in (there.properties, wanted)))  # noqa: E731
    _acted(stack, name, there.kind, "UPDATE_FAILED", changed)
    stack.resources[name] = Resource(name, there.kind, there.made, wanted, *policies)
    stack.tell(name, there.made.id, there.kind, "UPDATE_COMPLETE")


def _create(stack: Stack, name: str, kind: Kind, type_: str, wanted: Mapping[str, Any], aws: Clients) -> Any:
    stack.tell(name, "", type_, "CREATE_IN_PROGRESS")
    own = generated(stack.name, name)
    if _acted(stack, name, type_, "CREATE_FAILED", lambda: kind.is_taken(aws, wanted)):
        raise _fail(stack, name, type_, "CREATE_FAILED", f"Resource of type '{type_}' already exists by that name")
    made = _acted(stack, name, type_, "CREATE_FAILED", lambda: kind.create(aws, own, dynamic.resolved(aws, wanted)))
    stack.tell(name, made.id, type_, "CREATE_COMPLETE")
    return made


def _delete(stack: Stack, resource: Resource, aws: Clients, policy: str) -> None:
    if policy != "Delete":
        stack.tell(resource.logical_id, resource.made.id, resource.kind, "DELETE_SKIPPED")
        return
    kind = KINDS[resource.kind]
    if kind.checked and _there(kind, resource, aws) is None:
        # Deleting what is gone already succeeds: the handlers answer NotFound, which CloudFormation takes as done.
        return
    told = lambda: kind.delete(aws, resource.made, resource.properties)  # noqa: E731
    _acted(stack, resource.logical_id, resource.kind, "DELETE_FAILED", told)
    stack.tell(resource.logical_id, resource.made.id, resource.kind, "DELETE_COMPLETE")


def _there(kind: Kind, resource: Resource, aws: Clients) -> Mapping[str, Any] | None:
    try:
        with via_cloudformation():
            return kind.read(aws, resource.made, resource.properties)
    except (ClientError, BotoCoreError):
        return {}


def _forget(stack: Stack, resource: Resource, aws: Clients) -> None:
    _delete(stack, resource, aws, resource.when_undone)
    del stack.resources[resource.logical_id]


def _take_back(stack: Stack, earlier: Resource, aws: Clients) -> None:
    made = stack.resources[earlier.logical_id]
    _delete(stack, made, aws, made.when_undone)
    stack.resources[earlier.logical_id] = earlier


def _change_back(stack: Stack, kind: Kind, earlier: Resource, tried: Mapping[str, Any], aws: Clients) -> None:
    undo = lambda: kind.update(aws, earlier.made, tried, earlier.properties)  # noqa: E731
    _acted(stack, earlier.logical_id, earlier.kind, "UPDATE_FAILED", undo)
    stack.resources[earlier.logical_id] = earlier
    stack.tell(earlier.logical_id, earlier.made.id, earlier.kind, "UPDATE_COMPLETE")


def _clean_up(stack: Stack, gone: list[Resource], replaced: list[Resource], aws: Clients) -> None:
    """What is no longer needed goes; what cannot go stays, and does not make the change a failed one."""
    if gone or replaced:
        stack.enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    for resource, policy in [
        *((r, r.on_replacement) for r in replaced),
        *((r, r.on_deletion) for r in reversed(gone)),
    ]:
        with suppress(_Failed):
            _delete(stack, resource, aws, policy)
    for resource in gone:
        del stack.resources[resource.logical_id]


def _roll_back(stack: Stack, aws: Clients, why: str, creating: bool) -> None:
    prefix = "ROLLBACK" if creating else "UPDATE_ROLLBACK"
    stack.enter(f"{prefix}_IN_PROGRESS", why)
    _undo(stack, aws, prefix)


def _undo(stack: Stack, aws: Clients, prefix: str) -> None:
    while stack.undoing:
        _, undo = stack.undoing[-1]
        try:
            undo(aws)
        except _Failed:
            names = ", ".join(dict.fromkeys(other for other, _ in reversed(stack.undoing)))
            stack.enter(f"{prefix}_FAILED", f"The following resource(s) failed to update: [{names}].")
            return
        stack.undoing.pop()
    stack.updated = datetime.now(UTC)
    stack.enter(f"{prefix}_COMPLETE")


def _refuse_by_policy(stack: Stack, difference: Difference, action: str) -> None:
    """A stack policy denies what it does not allow; without one everything may be updated."""
    asked = Request(action, f"LogicalResourceId/{difference.logical_id}", "*")
    if stack.policy and decide([stack.policy], asked) is not Decision.ALLOWED:
        message = f"Action denied by stack policy: no statement allows [{action}] for resource [{asked.resource}]"
        raise _fail(stack, difference.logical_id, difference.kind, "UPDATE_FAILED", message)


def _acted(stack: Stack, name: str, type_: str, status: str, act: Callable[[], Any]) -> Any:
    try:
        with via_cloudformation():
            return act()
    except (ClientError, BotoCoreError, Unanswered) as error:
        raise _fail(stack, name, type_, status, f'Resource handler returned message: "{error}"') from error
    except ValidationError as error:
        raise _fail(stack, name, type_, status, str(error.message)) from error
    except KeyError as error:
        raise _fail(stack, name, type_, status, f"Properties validation failed: required key [{error}]") from error


def _attempt(stack: Stack, name: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except ValidationError as error:
        raise _fail(stack, name, "", "CREATE_FAILED", str(error.message)) from error


def _fail(stack: Stack, name: str, type_: str, status: str, reason: str) -> _Failed:
    there = stack.resources.get(name)
    stack.tell(name, there.made.id if there else "", type_, status, reason)
    verb = "create" if status == "CREATE_FAILED" else "update"
    return _Failed(f"The following resource(s) failed to {verb}: [{name}].")
