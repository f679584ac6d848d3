"""The operations of the CloudFormation API, over our stacks in place of moto's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from deployments.sandbox.aws_server.cloudformation import drift, stacks
from deployments.sandbox.aws_server.cloudformation.change_sets import Difference, differences
from deployments.sandbox.aws_server.cloudformation.hands import Hands
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template

Response = CloudFormationResponse

_UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)
_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
_STACK_TAGS = "DescribeStacksOutput.Stacks.Stack.Tags"
_NAMED = ("RoleName", "PolicyName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName")


@dataclass
class _ChangeSet:
    """A change set; `template` and `tags` are what executing it brings."""

    arn: str
    name: str
    stack: Stack
    template: Template
    tags: dict[str, str]
    changes: tuple[Difference, ...]
    status: str = "CREATE_COMPLETE"
    execution: str = "AVAILABLE"
    reason: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class _Room:
    """What one account has in one region."""

    stacks: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, _ChangeSet] = field(default_factory=dict)
    detections: dict[str, drift.Detection] = field(default_factory=dict)


_rooms: dict[tuple[str, str], _Room] = {}


class _ChangeSetNotFound(CloudFormationError):
    code = "ChangeSetNotFound"


class _InvalidChangeSetStatus(CloudFormationError):
    code = "InvalidChangeSetStatus"


class _InsufficientCapabilities(CloudFormationError):
    code = "InsufficientCapabilitiesException"


def install() -> None:
    """Answer these operations ourselves from now on, in this process; moto's own for stacks are gone."""
    for shape in ("DescribeChangeSetOutput.Changes", "DescribeChangeSetOutput.Parameters", _STACK_TAGS):
        # How moto writes its own objects; ours have the form of the answers.
        CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.pop(shape, None)
    for operation in _OPERATIONS:
        setattr(CloudFormationResponse, operation.__name__, operation)
    for operation_name in ("update_stack", "create_stack", "list_exports", "describe_stack_resource"):
        setattr(CloudFormationResponse, operation_name, _refusing(operation_name))


def create_change_set(response: Response) -> ActionResult:
    """Compare a template with a stack, which is made in REVIEW_IN_PROGRESS where there is none."""
    room, name = _room(response), str(response._get_param("StackName"))
    stack = _found(room, name)
    kind = response._get_param("ChangeSetType") or "UPDATE"
    fresh = stack is None or stack.status == "REVIEW_IN_PROGRESS"
    if kind == "UPDATE" and fresh:
        raise ValidationError(message=f"Stack [{name}] does not exist")
    if kind == "CREATE" and not fresh:
        raise ValidationError(
            message=f"Stack [{name}] already exists and cannot be created again with the changeSet."
        )
    if stack is not None and not fresh and stack.status not in _UPDATABLE:
        raise ValidationError(message=f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
    stack_id = stack.id if stack else _arn(response, f"stack/{name}/{uuid4()}")
    template = _template(response, stack_id, stack)
    template.refuse_wrong_parameters()
    tags = {tag["Key"]: tag["Value"] for tag in response._get_param("Tags", [])}
    _refuse_without_capabilities(template, response._get_param("Capabilities", []))
    changes = differences(
        stack.resources if stack else {}, template, response.region, bool(stack) and tags != stack.tags
    )
    if stack is None:
        stack = room.stacks[stack_id] = Stack(stack_id, name, template)
        stack.enter("REVIEW_IN_PROGRESS", "User Initiated")
    own = str(response._get_param("ChangeSetName"))
    made = _ChangeSet(
        _arn(response, f"changeSet/{own}/{uuid4()}"), own, stack, template, tags, tuple(changes.values())
    )
    if not fresh and not changes and not _tells_otherwise(stack, template):
        made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", _NO_CHANGES
    room.change_sets[made.arn] = made
    return ActionResult({"Id": made.arn, "StackId": stack.id})


def describe_change_set(response: Response) -> ActionResult:
    """A change set with everything in it, on one page."""
    found = _change_set(response)
    with_values = response._get_bool_param("IncludePropertyValues", False)
    changes = [_without_values(change.described(), with_values) for change in found.changes]
    return ActionResult({**_summary(found), "Changes": changes, "Parameters": _parameters(found.template)})


def list_change_sets(response: Response) -> ActionResult:
    """The change sets of a stack."""
    room, stack = _room(response), _stack(response)
    return ActionResult({"Summaries": [_summary(made) for made in room.change_sets.values() if made.stack is stack]})


def delete_change_set(response: Response) -> ActionResult:
    """Forget a change set; one that is not there is fine."""
    room = _room(response)
    try:
        del room.change_sets[_change_set(response).arn]
    except (_ChangeSetNotFound, ValidationError):
        pass
    return EmptyResult()


def execute_change_set(response: Response) -> ActionResult:
    """Carry a change set out; all others of the stack are gone then, as on AWS."""
    room, found = _room(response), _change_set(response)
    if found.execution != "AVAILABLE":
        message = f"ChangeSet [{found.arn}] cannot be executed in its current status of [{found.status}]"
        raise _InvalidChangeSetStatus(message)
    stacks.execute(found.stack, found.template, found.tags, Hands(response))
    for other in [made for made in room.change_sets.values() if made.stack is found.stack]:
        del room.change_sets[other.arn]
    return EmptyResult()


def continue_update_rollback(response: Response) -> ActionResult:
    """Go on with a way back that failed."""
    stack = _stack(response)
    if stack.status != "UPDATE_ROLLBACK_FAILED":
        message = f"Stack: {stack.id} is in {stack.status} state and can not be continued rolling back"
        raise ValidationError(message=message)
    stacks.continue_rollback(stack, Hands(response), response._get_param("ResourcesToSkip", []))
    return ActionResult({})


def delete_stack(response: Response) -> ActionResult:
    """Delete a stack unless it is protected; one that is not there is fine."""
    room = _room(response)
    stack = _found(room, str(response._get_param("StackName")))
    if stack is None:
        return EmptyResult()
    if stack.protected:
        message = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        raise ValidationError(message=message)
    stacks.remove(stack, Hands(response))
    for made in [made for made in room.change_sets.values() if made.stack is stack]:
        del room.change_sets[made.arn]
    return EmptyResult()


def update_termination_protection(response: Response) -> ActionResult:
    """Switch the protection from deletion on or off."""
    stack = _stack(response)
    stack.protected = bool(response._get_bool_param("EnableTerminationProtection", False))
    return ActionResult({"StackId": stack.id})


def set_stack_policy(response: Response) -> ActionResult:
    """Keep a stack policy, which executing change sets obeys."""
    _stack(response).policy = str(response._get_param("StackPolicyBody") or "")
    return EmptyResult()


def get_stack_policy(response: Response) -> ActionResult:
    """The stack policy; nothing where there is none."""
    policy = _stack(response).policy
    return ActionResult({"StackPolicyBody": policy} if policy else {})


def get_template(response: Response) -> ActionResult:
    """The template as it was given."""
    return ActionResult({"TemplateBody": _stack(response).template.text, "StagesAvailable": ["Original"]})


def validate_template(response: Response) -> ActionResult:
    """Whether it is a template at all; what is in it is only found out by using it."""
    text = str(response._get_param("TemplateBody"))
    slots = Template(text, {}, "", "", "", "").slots.items()
    declared = [{"ParameterKey": key, "NoEcho": bool(slot.get("NoEcho"))} for key, slot in slots]
    return ActionResult({"Parameters": declared})


def describe_stacks(response: Response) -> ActionResult:
    """One stack, or all that are there."""
    room, name = _room(response), response._get_param("StackName")
    if name:
        return ActionResult({"Stacks": [_described(_stack(response, room))]})
    return ActionResult({"Stacks": [_described(stack) for stack in room.stacks.values() if not stack.deleted]})


def list_stacks(response: Response) -> ActionResult:
    """All stacks in short, deleted ones too."""
    wanted = response._get_param("StackStatusFilter", [])
    found = [s for s in _room(response).stacks.values() if not wanted or s.status in wanted]
    keys = ("StackId", "StackName", "CreationTime", "StackStatus")
    return ActionResult({"StackSummaries": [{key: _described(stack)[key] for key in keys} for stack in found]})


def describe_stack_events(response: Response) -> ActionResult:
    """What happened, newest first, on one page."""
    stack = _stack(response)
    return ActionResult({"StackEvents": [_event(stack, event) for event in reversed(stack.events)]})


def list_stack_resources(response: Response) -> ActionResult:
    """The resources that are there; those of a way back that failed are marked."""
    stack = _stack(response)
    stuck = {name for name, _ in stack.undoing}
    found = [
        {
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.made.id,
            "ResourceType": resource.kind,
            "ResourceStatus": "UPDATE_FAILED" if resource.logical_id in stuck else "CREATE_COMPLETE",
            "LastUpdatedTimestamp": stack.updated or stack.created,
        }
        for resource in stack.resources.values()
    ]
    return ActionResult({"StackResourceSummaries": found})


def describe_stack_resources(response: Response) -> ActionResult:
    """The same under another name."""
    found = list_stack_resources(response).result["StackResourceSummaries"]
    timed = [{**item, "Timestamp": item["LastUpdatedTimestamp"]} for item in found]
    wanted = response._get_param("LogicalResourceId")
    return ActionResult({"StackResources": [r for r in timed if wanted in (None, r["LogicalResourceId"])]})


def detect_stack_drift(response: Response) -> ActionResult:
    """Compare every resource with what is really there, at once."""
    stack = _stack(response)
    made = drift.detect(stack, Hands(response))
    _room(response).detections[made.id] = made
    return ActionResult({"StackDriftDetectionId": made.id})


def describe_stack_drift_detection_status(response: Response) -> ActionResult:
    """How a detection ended."""
    found = _room(response).detections.get(str(response._get_param("StackDriftDetectionId")))
    if found is None:
        raise ValidationError(message="there is no such drift detection")
    return ActionResult(found.described())


def describe_stack_resource_drifts(response: Response) -> ActionResult:
    """What the latest detection of a stack found."""
    stack, room = _stack(response), _room(response)
    latest = [made for made in room.detections.values() if made.stack is stack][-1:]
    wanted = response._get_param("StackResourceDriftStatusFilters", [])
    found = [
        item for made in latest for item in made.resources if not wanted or item["StackResourceDriftStatus"] in wanted
    ]
    return ActionResult({"StackResourceDrifts": found})


_OPERATIONS: tuple[Callable[[Response], ActionResult], ...] = (
    create_change_set,
    describe_change_set,
    list_change_sets,
    delete_change_set,
    execute_change_set,
    continue_update_rollback,
    delete_stack,
    update_termination_protection,
    set_stack_policy,
    get_stack_policy,
    get_template,
    validate_template,
    describe_stacks,
    list_stacks,
    describe_stack_events,
    list_stack_resources,
    describe_stack_resources,
    detect_stack_drift,
    describe_stack_drift_detection_status,
    describe_stack_resource_drifts,
)


def _refusing(name: str) -> Callable[[Response], ActionResult]:
    def refuse(_: Response) -> ActionResult:
        raise ValidationError(message=f"the sandbox does not emulate {name}: use a change set")

    return refuse


def _room(response: Response) -> _Room:
    return _rooms.setdefault((response.current_account, response.region), _Room())


def _found(room: _Room, name: str) -> Stack | None:
    """By name, those that are there; by id, deleted ones too."""
    if name in room.stacks:
        return room.stacks[name]
    return next((stack for stack in room.stacks.values() if stack.name == name and not stack.deleted), None)


def _stack(response: Response, room: _Room | None = None) -> Stack:
    name = str(response._get_param("StackName"))
    stack = _found(room or _room(response), name)
    if stack is None:
        raise ValidationError(name)
    return stack


def _change_set(response: Response) -> _ChangeSet:
    name, room = str(response._get_param("ChangeSetName")), _room(response)
    if name in room.change_sets:
        return room.change_sets[name]
    if not name.startswith("arn:"):
        stack = _stack(response)
        for made in room.change_sets.values():
            if made.stack is stack and made.name == name:
                return made
    raise _ChangeSetNotFound(f"ChangeSet [{name}] does not exist")


def _template(response: Response, stack_id: str, stack: Stack | None) -> Template:
    parameters: dict[str, str] = {}
    for given in response._get_param("Parameters", []):
        key = given["ParameterKey"]
        if given.get("UsePreviousValue"):
            if stack is None or key not in stack.template.parameters:
                raise ValidationError(
                    message=f"Invalid input for parameter key {key}. Cannot specify usePreviousValue"
                )
            parameters[key] = stack.template.parameters[key]
        else:
            parameters[key] = str(given["ParameterValue"])
    text = str(response._get_param("TemplateBody") or "")
    where = (stack_id, str(response._get_param("StackName")), response.current_account, response.region)
    return Template(text, parameters, *where)


def _tells_otherwise(stack: Stack, template: Template) -> bool:
    """Whether the outputs would be others, although no resource would."""
    made = {name: resource.made for name, resource in stack.resources.items()}
    return template.outputs(made) != stack.template.outputs(made)


def _refuse_without_capabilities(template: Template, given: list[str]) -> None:
    roles = [body for body in template.resources.values() if body["Type"].startswith("AWS::IAM::")]
    named = any(key in (body.get("Properties") or {}) for body in roles for key in _NAMED)
    wanted = ["CAPABILITY_NAMED_IAM"] if named else ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    if roles and not set(wanted) & set(given):
        raise _InsufficientCapabilities(f"Requires capabilities : [{wanted[0]}]")


def _parameters(template: Template) -> list[dict[str, str]]:
    return [
        {"ParameterKey": key, "ParameterValue": "****" if template.slots[key].get("NoEcho") else value}
        for key, value in template.parameters.items()
    ] + [
        {"ParameterKey": key, "ParameterValue": "****" if slot.get("NoEcho") else str(slot["Default"])}
        for key, slot in template.slots.items()
        if key not in template.parameters
    ]


def _without_values(change: dict[str, Any], with_values: bool) -> dict[str, Any]:
    hidden = () if with_values else ("BeforeContext", "AfterContext")
    body = {key: value for key, value in change["ResourceChange"].items() if key not in hidden}
    return {**change, "ResourceChange": body}


def _summary(made: _ChangeSet) -> dict[str, Any]:
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


def _described(stack: Stack) -> dict[str, Any]:
    made = {name: resource.made for name, resource in stack.resources.items()}
    there = stack.status not in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "EnableTerminationProtection": stack.protected,
        "Parameters": _parameters(stack.template) if there else [],
        "Outputs": stack.template.outputs(made) if there else [],
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "DisableRollback": False,
    }


def _event(stack: Stack, event: stacks.Event) -> dict[str, Any]:
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
    }


def _arn(response: Response, what: str) -> str:
    return f"arn:aws:cloudformation:{response.region}:{response.current_account}:{what}"
