"""Implements the operations of the CloudFormation API on this package's stacks, in place of moto's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from deployments.sandbox.aws_server.cloudformation import (
    asking,
    change_set_operations,
    drift,
    exports,
    imports,
    removal,
    rollback,
    tokens,
)
from deployments.sandbox.aws_server.cloudformation.described import (
    event_described,
    is_hidden,
    stack_described,
)
from deployments.sandbox.aws_server.cloudformation.embedded import clients_for
from deployments.sandbox.aws_server.cloudformation.registry import (
    found_in,
    registry_of,
    stack_of,
)
from deployments.sandbox.aws_server.cloudformation.requests import (
    text_of,
)
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template

Response = CloudFormationResponse

_STACK_TAGS = "DescribeStacksOutput.Stacks.Stack.Tags"


def install() -> None:
    """Replace moto's operations on stacks with those of this package, in this process."""
    for shape in ("DescribeChangeSetOutput.Changes", "DescribeChangeSetOutput.Parameters", _STACK_TAGS):
        # These transformers format moto's own objects. Objects of this package already have the response's form.
        CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.pop(shape, None)
    for operation in _OPERATIONS:
        setattr(CloudFormationResponse, operation.__name__, asking.held(operation))
    for operation_name in _NOT_EMULATED:
        setattr(CloudFormationResponse, operation_name, _refusing(operation_name))


@tokens.once
def continue_update_rollback(response: Response) -> ActionResult:
    """Continue a rollback that failed."""
    stack = stack_of(response)
    if stack.status != "UPDATE_ROLLBACK_FAILED":
        message = f"Stack: {stack.id} is in {stack.status} state and can not be continued rolling back"
        raise ValidationError(message=message)
    stack.token = tokens.of(response)
    rollback.continue_rollback(stack, clients_for(response, stack), response._get_param("ResourcesToSkip", []))
    return ActionResult({})


@tokens.once
def delete_stack(response: Response) -> ActionResult:
    """Delete a stack unless it is protected. Succeed if there is no such stack."""
    registry = registry_of(response)
    stack = found_in(registry, str(response._get_param("StackName")))
    if stack is None or stack.deleted:
        return EmptyResult()
    if stack.protected:
        message = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        raise ValidationError(message=message)
    stack.token = tokens.of(response)
    there = [*registry.stacks.values()]
    retained = response._get_param("RetainResources", [])
    if retained and stack.status != "DELETE_FAILED":
        message = f"Stack [{stack.name}] is not in DELETE_FAILED state: resources can not be retained"
        raise ValidationError(message=message)
    removal.remove(stack, clients_for(response, stack), exports.refusal(there, stack, {}), retained)
    change_set_operations.forget_all(registry, stack)
    return EmptyResult()


def update_termination_protection(response: Response) -> ActionResult:
    """Switch termination protection on or off."""
    stack = stack_of(response)
    stack.protected = bool(response._get_bool_param("EnableTerminationProtection", False))
    return ActionResult({"StackId": stack.id})


def set_stack_policy(response: Response) -> ActionResult:
    """Store a stack policy, which change sets must comply with when they are executed."""
    policy = str(response._get_param("StackPolicyBody") or "")
    if not _is_policy(policy):
        raise ValidationError(message="Error validating stack policy: Invalid stack policy")
    stack_of(response).policy = policy
    return EmptyResult()


def _is_policy(text: str) -> bool:
    """Tell whether a text is a stack policy (user guide, "Stack policy reference")."""
    try:
        found = json.loads(text)
    except ValueError:
        return False
    statements = found.get("Statement") if isinstance(found, dict) else None
    listed = [statements] if isinstance(statements, dict) else statements
    return bool(listed) and isinstance(listed, list) and all(map(_is_statement, listed))


def _is_statement(statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return False
    actions = statement.get("Action", statement.get("NotAction"))
    updates = {"Update:*", "Update:Delete", "Update:Modify", "Update:Replace"}
    named = [actions] if isinstance(actions, str) else actions or [""]
    everybody = "*" in (statement.get("Principal"), statement.get("NotPrincipal"))
    return everybody and {*named} <= updates and bool(statement.get("Resource", statement.get("NotResource")))


def get_stack_policy(response: Response) -> ActionResult:
    """Return the stack policy; an empty response if there is none."""
    policy = stack_of(response).policy
    return ActionResult({"StackPolicyBody": policy} if policy else {})


def get_template(response: Response) -> ActionResult:
    """Return the template, either as given or after its transforms."""
    template = stack_of(response).template
    given = response._get_param("TemplateStage") == "Original"
    text = template.text if given or not template.text else template.processed
    return ActionResult({"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]})


def validate_template(response: Response) -> ActionResult:
    """Check that a text is a template and return its parameters. Other errors are found only when it is used."""
    text = text_of(response)
    slots = Template(text, {}, "", "", "", "").slots.items()
    declared = [{"ParameterKey": key, "NoEcho": is_hidden(slot)} for key, slot in slots]
    return ActionResult({"Parameters": declared})


def get_template_summary(response: Response) -> ActionResult:
    """Return what a template or a stack's template declares, and how its resources are identified for import."""
    if response._get_param("StackName"):
        template = stack_of(response).template
    else:
        own = response.current_account, response.region
        slots = Template(text_of(response), {}, "", "", *own).slots
        blank = {name: str(slot.get("Default", "")) for name, slot in slots.items()}
        template = Template(text_of(response), blank, "", "", *own)
    declared = template.document
    told = [
        {"ParameterKey": key, "ParameterType": str(slot.get("Type", "String")), "NoEcho": is_hidden(slot)}
        for key, slot in template.slots.items()
    ]
    return ActionResult(
        {
            "Parameters": told,
            "ResourceTypes": sorted({body["Type"] for body in declared["Resources"].values()}),
            "ResourceIdentifierSummaries": imports.identifiers(template),
        }
    )


@asking.paged("Stacks")
def describe_stacks(response: Response) -> ActionResult:
    """Describe one stack, or all stacks that are not deleted."""
    registry, name = registry_of(response), response._get_param("StackName")
    if name:
        return ActionResult({"Stacks": [stack_described(stack_of(response, registry))]})
    return ActionResult(
        {"Stacks": [stack_described(stack) for stack in registry.stacks.values() if not stack.deleted]}
    )


@asking.paged("StackSummaries")
def list_stacks(response: Response) -> ActionResult:
    """List all stacks, including deleted ones."""
    wanted = response._get_param("StackStatusFilter", [])
    found = [s for s in registry_of(response).stacks.values() if not wanted or s.status in wanted]
    keys = ("StackId", "StackName", "CreationTime", "StackStatus")
    return ActionResult({"StackSummaries": [{key: stack_described(stack)[key] for key in keys} for stack in found]})


@asking.paged("StackEvents")
def describe_stack_events(response: Response) -> ActionResult:
    """Return the events of a stack, newest first."""
    stack = stack_of(response)
    return ActionResult({"StackEvents": [event_described(stack, event) for event in reversed(stack.events)]})


@asking.paged("StackResourceSummaries")
def list_stack_resources(response: Response) -> ActionResult:
    """List the resources of a stack: UPDATE_FAILED if their rollback failed, DELETE_FAILED if they stayed."""
    return ActionResult({"StackResourceSummaries": _resources(stack_of(response))})


def _resources(stack: Stack) -> list[dict[str, Any]]:
    bad = {**dict.fromkeys(stack.undeleted, "DELETE_FAILED"), **{name: "UPDATE_FAILED" for name, _ in stack.undoing}}
    return [
        {
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.made.id,
            "ResourceType": resource.kind,
            "ResourceStatus": bad.get(resource.logical_id, resource.status),
            "LastUpdatedTimestamp": stack.updated or stack.created,
        }
        for resource in stack.resources.values()
    ]


def describe_stack_resources(response: Response) -> ActionResult:
    """Describe the resources of a stack: the list of `list_stack_resources` in another form."""
    found = _resources(stack_of(response))
    timed = [{**item, "Timestamp": item["LastUpdatedTimestamp"]} for item in found]
    wanted = response._get_param("LogicalResourceId")
    return ActionResult({"StackResources": [r for r in timed if wanted in (None, r["LogicalResourceId"])]})


def detect_stack_drift(response: Response) -> ActionResult:
    """Compare every resource with its actual state, before the response is sent."""
    stack = stack_of(response)
    made = drift.detect(stack, clients_for(response, stack))
    registry_of(response).detections[made.id] = made
    return ActionResult({"StackDriftDetectionId": made.id})


def describe_stack_drift_detection_status(response: Response) -> ActionResult:
    """Return the result of a drift detection."""
    found = registry_of(response).detections.get(str(response._get_param("StackDriftDetectionId")))
    if found is None:
        raise ValidationError(message="there is no such drift detection")
    return ActionResult(found.described())


@asking.paged("StackResourceDrifts")
def describe_stack_resource_drifts(response: Response) -> ActionResult:
    """Return the latest result that drift detections have for each resource of a stack."""
    stack, registry = stack_of(response), registry_of(response)
    results = [item for made in registry.detections.values() if made.stack is stack for item in made.resources]
    latest = {item["LogicalResourceId"]: item for item in results if item["LogicalResourceId"] in stack.resources}
    wanted = response._get_param("StackResourceDriftStatusFilters", [])
    found = [item for item in latest.values() if not wanted or item["StackResourceDriftStatus"] in wanted]
    return ActionResult({"StackResourceDrifts": found})


_NOT_EMULATED = (
    *("create_stack", "update_stack", "describe_stack_resource"),
    *("create_stack_instances", "create_stack_set", "delete_stack_instances", "delete_stack_set"),
    *("describe_stack_instance", "describe_stack_set", "describe_stack_set_operation", "list_stack_instances"),
    *("list_stack_set_operation_results", "list_stack_set_operations", "list_stack_sets", "stop_stack_set_operation"),
    *("update_stack_instances", "update_stack_set"),
)
"""moto's operations on stacks of its own, which are not those of this package."""

_OPERATIONS: tuple[Callable[[Response], ActionResult], ...] = (
    change_set_operations.create_change_set,
    change_set_operations.describe_change_set,
    change_set_operations.describe_events,
    change_set_operations.list_change_sets,
    change_set_operations.delete_change_set,
    change_set_operations.execute_change_set,
    continue_update_rollback,
    delete_stack,
    update_termination_protection,
    set_stack_policy,
    get_stack_policy,
    get_template,
    get_template_summary,
    validate_template,
    describe_stacks,
    exports.list_exports,
    exports.list_imports,
    list_stacks,
    describe_stack_events,
    list_stack_resources,
    describe_stack_resources,
    detect_stack_drift,
    describe_stack_drift_detection_status,
    describe_stack_resource_drifts,
)


_INSTEAD = dict.fromkeys(("create_stack", "update_stack"), ": use a change set")


def _refusing(name: str) -> Callable[[Response], ActionResult]:
    def refuse(_: Response) -> ActionResult:
        raise ValidationError(message=f"the sandbox does not emulate {name}{_INSTEAD.get(name, '')}")

    return refuse
