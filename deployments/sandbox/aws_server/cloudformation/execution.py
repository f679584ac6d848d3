"""Executes a change set resource by resource. Each step records how to undo it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from deployments.sandbox.aws_server.cloudformation import dynamic
from deployments.sandbox.aws_server.cloudformation.change_sets import Difference, differences
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.handling import Failed, acted, attempted, fail
from deployments.sandbox.aws_server.cloudformation.imports import read
from deployments.sandbox.aws_server.cloudformation.kinds import Kind, generated
from deployments.sandbox.aws_server.cloudformation.removal import delete
from deployments.sandbox.aws_server.cloudformation.resources import KINDS, Resource
from deployments.sandbox.aws_server.cloudformation.rollback import change_back, forget, let_go, roll_back, take_back
from deployments.sandbox.aws_server.cloudformation.stacks import Pending, Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template
from deployments.sandbox.aws_server.policies import Decision, Request, decide


def execute(
    stack: Stack,
    template: Template,
    tags: Mapping[str, str],
    aws: Clients,
    refusal: Callable[[Template], str] = lambda _: "",
    imports: Mapping[str, str] = MappingProxyType({}),
    verb: str = "",
) -> None:
    """Change the stack to the template, or roll it back if that fails. The stack ends in a final state.

    Args:
        stack: the stack.
        template: its new template.
        tags: its new tags.
        aws: clients with the caller's rights.
        refusal: returns why the outputs cannot become those of a template; empty if they can.
        imports: {logical id: identifier} of existing resources to import.
        verb: IMPORT if the change only imports resources; else empty.
    """
    if not bring_about(stack, template, tags, aws, refusal, imports, verb):
        complete(stack, aws)


def bring_about(
    stack: Stack,
    template: Template,
    tags: Mapping[str, str],
    aws: Clients,
    refusal: Callable[[Template], str],
    imports: Mapping[str, str] = MappingProxyType({}),
    verb: str = "",
) -> str:
    """Make all changes that can be undone. The arguments are those of `execute`.

    Returns:
        "" if the stack is now `pending`; otherwise the reason why it was rolled back.
    """
    verb = verb or ("CREATE" if stack.status == "REVIEW_IN_PROGRESS" else "UPDATE")
    stack.enter(f"{verb}_IN_PROGRESS", "User Initiated")
    stack.undoing = []
    old_tags, aws.tags = stack.tags, tags
    replaced: list[Resource] = []
    try:
        for name, value in imports.items():
            _import(stack, template, name, value, aws)
        # An import changes nothing else, not even nested stacks.
        todo = {} if verb == "IMPORT" else differences(stack.resources, template, aws.region, stack.tags != tags)
        for name in template.resources:
            _changed(stack, template, name, todo.get(name), aws, replaced)
        gone = [todo[name] for name in todo if todo[name].action == "Remove"]
        for difference in gone:
            _refuse_by_policy(stack, difference, "Update:Delete")
        if why := _refusal(refusal, template):
            stack.tell(stack.name, stack.id, "AWS::CloudFormation::Stack", f"{verb}_FAILED", why)
            raise Failed(why)
    except Failed as error:
        aws.tags = old_tags
        roll_back(stack, aws, str(error), verb)
        return str(error)
    leaving = tuple(stack.resources[difference.logical_id] for difference in gone)
    stack.pending = Pending(template, tags, verb, leaving, tuple(replaced))
    return ""


def _refusal(refusal: Callable[[Template], str], template: Template) -> str:
    """Return why the outputs cannot become the template's. Some reasons appear only after all resources are made."""
    try:
        return refusal(template)
    except ValidationError as error:
        return str(error.message)


def complete(stack: Stack, aws: Clients) -> None:
    """Remove what the pending change no longer needs. From here on, the change cannot be undone."""
    if stack.pending is None:
        return
    done, stack.pending = stack.pending, None
    aws.nested.complete()
    _clean_up(stack, done.gone, done.replaced, aws)
    stack.template, stack.tags, stack.undoing = done.template, dict(done.tags), []
    stack.updated = None if done.verb == "CREATE" else datetime.now(UTC)
    stack.enter(f"{done.verb}_COMPLETE")


def _changed(
    stack: Stack, template: Template, name: str, difference: Difference | None, aws: Clients, replaced: list[Resource]
) -> None:
    """Make, change or replace one resource, and record how to undo it."""
    there = stack.resources.get(name)
    wanted = attempted(
        stack, name, lambda: template.properties(name, {n: r.made for n, r in stack.resources.items()})
    )
    body = template.document["Resources"][name]
    policies = template.policies(name)
    kind = KINDS[body["Type"]]
    if there is None:
        made = _create(stack, name, kind, body["Type"], wanted, aws)
        stack.resources[name] = Resource(name, body["Type"], made, wanted, *policies)
        stack.undoing.append((name, lambda clients: forget(stack, stack.resources[name], clients)))
        return
    same = difference is None or (wanted == there.properties and not difference.tags_only)
    if difference is None or (same and not kind.always_updated):
        on_deletion, on_replacement = policies
        stack.resources[name] = replace(there, on_deletion=on_deletion, on_replacement=on_replacement)
        return
    if difference.replaces(there.properties, wanted, aws.region):
        _refuse_by_policy(stack, difference, "Update:Replace")
        made = _create(stack, name, kind, body["Type"], wanted, aws)
        stack.resources[name] = Resource(name, body["Type"], made, wanted, *policies)
        replaced.append(there)
        stack.undoing.append((name, lambda clients: take_back(stack, there, clients)))
        return
    _refuse_by_policy(stack, difference, "Update:Modify")
    stack.undoing.append((name, lambda clients: change_back(stack, kind, there, wanted, clients)))
    stack.tell(name, there.made.id, there.kind, "UPDATE_IN_PROGRESS")
    changed = lambda: kind.update(aws, there.made, *(dynamic.resolved(aws, p) for p in (there.properties, wanted)))  # noqa: E731
    acted(stack, name, there.kind, "UPDATE_FAILED", changed)
    stack.resources[name] = Resource(name, there.kind, there.made, wanted, *policies)
    stack.tell(name, there.made.id, there.kind, "UPDATE_COMPLETE")


def _import(stack: Stack, template: Template, name: str, value: str, aws: Clients) -> None:
    """Add an existing resource to the stack without changing it."""
    kind = template.resources[name]["Type"]
    stack.tell(name, value, kind, "IMPORT_IN_PROGRESS")
    made = acted(stack, name, kind, "IMPORT_FAILED", lambda: read(aws, template, name, value))
    if made is None:
        missing = f"Resource of type '{kind}' with identifier '{value}' was not found."
        raise fail(stack, name, kind, "IMPORT_FAILED", missing)
    properties = template.properties(name, {**{n: r.made for n, r in stack.resources.items()}, name: made})
    stack.resources[name] = Resource(name, kind, made, properties, *template.policies(name), imported=True)
    stack.undoing.append((name, lambda _: let_go(stack, name)))
    stack.tell(name, made.id, kind, "IMPORT_COMPLETE")


def _create(stack: Stack, name: str, kind: Kind, type_: str, wanted: Mapping[str, Any], aws: Clients) -> Any:
    stack.tell(name, "", type_, "CREATE_IN_PROGRESS")
    own = generated(stack.name, name)
    if acted(stack, name, type_, "CREATE_FAILED", lambda: kind.is_taken(aws, wanted)):
        raise fail(stack, name, type_, "CREATE_FAILED", f"Resource of type '{type_}' already exists by that name")
    made = acted(stack, name, type_, "CREATE_FAILED", lambda: kind.create(aws, own, dynamic.resolved(aws, wanted)))
    stack.tell(name, made.id, type_, "CREATE_COMPLETE")
    return made


def _clean_up(stack: Stack, gone: Sequence[Resource], replaced: Sequence[Resource], aws: Clients) -> None:
    """Remove what is no longer needed. What cannot be removed stays, and does not make the change fail."""
    if gone or replaced:
        stack.enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    for resource, policy in [
        *((r, r.on_replacement) for r in replaced),
        *((r, r.on_deletion) for r in reversed(gone)),
    ]:
        with suppress(Failed):
            delete(stack, resource, aws, policy)
    for resource in gone:
        del stack.resources[resource.logical_id]


def _refuse_by_policy(stack: Stack, difference: Difference, action: str) -> None:
    """Fail if the stack policy does not allow an action. Without a stack policy, every update is allowed."""
    context = {"resourcetype": difference.kind}
    asked = Request(action, f"LogicalResourceId/{difference.logical_id}", "*", context)
    if stack.policy and decide([stack.policy], asked) is not Decision.ALLOWED:
        message = f"Action denied by stack policy: no statement allows [{action}] for resource [{asked.resource}]"
        raise fail(stack, difference.logical_id, difference.kind, "UPDATE_FAILED", message)
