"""Implements the operations of the CloudFormation API on change sets."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from deployments.sandbox.aws_server.cloudformation import (
    asking,
    execution,
    exports,
    imports,
    quotas,
    tokens,
    validation,
)
from deployments.sandbox.aws_server.cloudformation.change_sets import differences
from deployments.sandbox.aws_server.cloudformation.described import parameters, summary, without_values
from deployments.sandbox.aws_server.cloudformation.embedded import clients_for
from deployments.sandbox.aws_server.cloudformation.hierarchy import Hierarchy
from deployments.sandbox.aws_server.cloudformation.kinds import Made
from deployments.sandbox.aws_server.cloudformation.refusals import failure as failure_of
from deployments.sandbox.aws_server.cloudformation.refusals import (
    refuse_invalid,
    refuse_not_emulated,
    refuse_unchangeable,
)
from deployments.sandbox.aws_server.cloudformation.registry import (
    ChangeSet,
    ChangeSetNotFound,
    NoSuchStack,
    Registry,
    arn,
    change_set_of,
    found_in,
    registry_of,
    stack_of,
)
from deployments.sandbox.aws_server.cloudformation.requests import (
    refuse_without_capabilities,
    refuse_wrong_kind,
    refuse_wrong_name,
    reviewed,
    tells_otherwise,
    template_of,
)
from deployments.sandbox.aws_server.cloudformation.stacks import Stack

Response = CloudFormationResponse

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class _InvalidChangeSetStatus(CloudFormationError):
    code = "InvalidChangeSetStatus"


def create_change_set(response: Response) -> ActionResult:
    """Compare a template with a stack, and store the result as a change set.

    A stack that does not exist yet is created in REVIEW_IN_PROGRESS.
    """
    registry = registry_of(response)
    name, own = str(response._get_param("StackName")), str(response._get_param("ChangeSetName"))
    refuse_wrong_name(own)
    stack = found_in(registry, name) or reviewed(response, name)
    for there in registry.change_sets.values():
        if there.stack is stack and there.name == own:
            tokens.refuse_other(response, there)
            return ActionResult({"Id": there.arn, "StackId": stack.id})
    kind = str(response._get_param("ChangeSetType") or "UPDATE")
    refuse_wrong_kind(stack, kind, known=stack.id in registry.stacks)
    wanted = imports.requested(response, kind)
    template = template_of(response, stack)
    given = response._get_param("Tags", [])
    quotas.refuse_request(name, template.parameters, given)
    template.refuse_wrong_parameters()
    refuse_not_emulated(template)
    refuse_without_capabilities(template, response._get_param("Capabilities", []))
    refuse_invalid(template)
    tags = {tag["Key"]: tag["Value"] for tag in given}
    made = ChangeSet(arn(response, f"changeSet/{own}/{uuid4()}"), own, stack, template, tags, (), kind=kind)
    made.token = str(response._get_param("ClientToken") or "")
    taken = _taken(response, made, wanted)
    made.imports = {name: each.id for name, each in taken.made.items()}
    nested = _compared(response, made, taken.made)
    made.events = validation.found(
        {each.logical_id: each for each in made.changes}, template, clients_for(response, stack)
    )
    if failure := failure_of(template) or taken.failure or nested.failure or validation.reason(made.events):
        made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", failure
    elif stack.status != "REVIEW_IN_PROGRESS" and not made.changes and not tells_otherwise(stack, template):
        made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", _NO_CHANGES
    if stack.id not in registry.stacks:
        registry.stacks[stack.id] = stack
        stack.enter("REVIEW_IN_PROGRESS", "User Initiated")
    registry.change_sets |= {each.arn: each for each in (made, *nested.made)}
    return ActionResult({"Id": made.arn, "StackId": stack.id})


def _taken(response: Response, made: ChangeSet, wanted: tuple[imports.Requested, ...]) -> imports.Taken:
    """Return the resources to import: those requested, or existing ones whose names are in the template."""
    stack, template, there = made.stack, made.template, registry_of(response).stacks.values()
    aws = clients_for(response, stack)
    if wanted:
        imports.refuse_wrong(wanted, template)
        changes = differences(stack.resources, template, response.region)
        imports.refuse_other_changes(wanted, changes, stack.template, template)
        return imports.taken(wanted, template, there, stack, aws)
    if response._get_bool_param("ImportExistingResources", False):
        return imports.by_name(template, stack.resources, there, aws)
    return imports.Taken({})


def _compared(response: Response, made: ChangeSet, taken: Mapping[str, Made]) -> Hierarchy:
    """Set the changes of a change set; return the change sets of its nested stacks, if the request includes them."""
    if made.kind == "IMPORT":
        found = differences(made.stack.resources, made.template, response.region, imports=taken)
        made.changes = tuple(change for change in found.values() if change.action == "Import")
        return Hierarchy(response, made.name, made.arn, [])
    nested = Hierarchy(response, made.name, made.arn, response._get_param("Capabilities", []))
    if response._get_bool_param("IncludeNestedStacks", False):
        changes = nested.differences(made.stack, made.template, made.tags, taken)
    else:
        # Plan nested stacks too, so that what is not emulated is refused before half of the stack has been made.
        Hierarchy(response, made.name, made.arn, nested.capabilities).differences(
            made.stack, made.template, made.tags
        )
        stack, differ = made.stack, made.tags != made.stack.tags
        earlier = stack.template
        region = response.region
        changes = differences(stack.resources, made.template, region, differ, earlier=earlier, imports=taken)
    refuse_unchangeable(changes)
    made.changes = tuple(changes.values())
    return nested


@asking.paged("Changes")
def describe_change_set(response: Response) -> ActionResult:
    """Describe a change set with its changes."""
    found = change_set_of(response)
    with_values = response._get_bool_param("IncludePropertyValues", False)
    changes = [without_values(change.described(), with_values) for change in found.changes]
    return ActionResult({**summary(found), "Changes": changes, "Parameters": parameters(found.template)})


@asking.paged("OperationEvents")
def describe_events(response: Response) -> ActionResult:
    """Return the events of a change set: what its validation found."""
    events = change_set_of(response).events
    return ActionResult(
        {"OperationEvents": [{**event, "StackId": change_set_of(response).stack.id} for event in events]}
    )


@asking.paged("Summaries")
def list_change_sets(response: Response) -> ActionResult:
    """List the change sets of a stack."""
    registry, stack = registry_of(response), stack_of(response)
    return ActionResult(
        {"Summaries": [summary(made) for made in registry.change_sets.values() if made.stack is stack]}
    )


def delete_change_set(response: Response) -> ActionResult:
    """Delete a change set. Succeed if there is no such change set."""
    registry = registry_of(response)
    with suppress(ChangeSetNotFound, NoSuchStack):
        found = change_set_of(response)
        _refuse_nested(found)
        _forget(registry, [found])
    return EmptyResult()


@tokens.once
def execute_change_set(response: Response) -> ActionResult:
    """Execute a change set, and delete all change sets of the stack, as AWS does."""
    registry, found = registry_of(response), change_set_of(response)
    _refuse_nested(found)
    if found.execution != "AVAILABLE":
        message = f"ChangeSet [{found.arn}] cannot be executed in its current status of [{found.status}]"
        raise _InvalidChangeSetStatus(message)
    there, before = [*registry.stacks.values()], exports.present(found.stack)
    own = found.stack
    refusal = lambda after: exports.refusal(there, own, exports.exported(own, after), before)  # noqa: E731
    found.stack.token, found.stack.change_set = tokens.of(response), found.arn
    verb = "IMPORT" if found.kind == "IMPORT" else ""
    aws = clients_for(response, found.stack)
    execution.execute(found.stack, found.template, found.tags, aws, refusal, found.imports, verb)
    forget_all(registry, found.stack)
    return EmptyResult()


def forget_all(registry: Registry, stack: Stack) -> None:
    """Delete the change sets of a stack, and those nested in them."""
    _forget(registry, [made for made in registry.change_sets.values() if made.stack is stack])


def _forget(registry: Registry, made: list[ChangeSet]) -> None:
    gone = {each.arn for each in made}
    for other in [each for each in registry.change_sets.values() if {each.arn, each.root} & gone]:
        del registry.change_sets[other.arn]


def _refuse_nested(made: ChangeSet) -> None:
    if made.root:
        what = "You must execute or delete the change set from the root change set"
        raise ValidationError(message=f"Operation on nested change set {made.arn} is not allowed: {what} {made.root}")
