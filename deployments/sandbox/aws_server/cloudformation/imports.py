"""Imports existing resources into a stack, by their identifiers or by their names.

Sources: the user guide, "Import AWS resources into a CloudFormation stack" and "... automatically"; the API reference
of CreateChangeSet. The messages are AWS's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.responses import BaseResponse

from deployments.sandbox.aws_server.cloudformation import schemas
from deployments.sandbox.aws_server.cloudformation.change_sets import Difference
from deployments.sandbox.aws_server.cloudformation.clients import Clients, Unanswered, via_cloudformation
from deployments.sandbox.aws_server.cloudformation.intrinsics import NOT_EMULATED, refuse
from deployments.sandbox.aws_server.cloudformation.kinds import Made
from deployments.sandbox.aws_server.cloudformation.resources import KINDS
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template

RETAINED = ("Retain", "RetainExceptOnCreate")
"""Only resources with one of these policies are found by name."""

_MISSING = {
    "AWS::DynamoDB::Table": "Table: {value} does not exist.",
    "AWS::S3::Bucket": "Bucket not found",
}
_NOT_FOUND = "Resource of type '{kind}' with identifier '{value}' was not found."


@dataclass(frozen=True)
class Requested:
    """One of the ResourcesToImport of a request."""

    logical_id: str
    kind: str
    identifier: Mapping[str, str]

    @property
    def value(self) -> str:
        """The value of the identifier, which has only one."""
        return next(iter(self.identifier.values()))


@dataclass(frozen=True)
class Taken:
    """The resources that a change set imports, as {logical id: resource}, or the reason why it cannot."""

    made: Mapping[str, Made]
    failure: str = ""


def requested(response: BaseResponse, kind: str) -> tuple[Requested, ...]:
    """Return the ResourcesToImport of a request; empty unless the change set is of type IMPORT.

    Raises:
        ValidationError: the request has parameters that do not fit its type.
    """
    given = response._get_param("ResourcesToImport", [])
    if kind != "IMPORT":
        if given:
            raise refuse("ResourcesToImport can only be given for a change set of type IMPORT")
        return ()
    if response._get_bool_param("ImportExistingResources", False):
        raise refuse("ImportExistingResources can only be given for a change set of type CREATE or UPDATE")
    if not given:
        raise refuse("Must Provide at least one resource to import")
    return tuple(
        Requested(each["LogicalResourceId"], each["ResourceType"], each["ResourceIdentifier"]) for each in given
    )


def refuse_wrong(wanted: Collection[Requested], template: Template) -> None:
    """Check that the requested resources fit the template.

    Raises:
        ValidationError: one of them does not.
    """
    named = Counter(each.logical_id for each in wanted)
    if max(named.values()) > 1:
        raise refuse("Every resource to import must have unique LogicalResourceId")
    if unknown := [name for name in named if name not in template.resources]:
        told = "provided in ResourceToImport do not exist in the template."
        raise refuse(f"The logical resource ids {_listed(unknown)} {told}")
    for each in wanted:
        declared = template.resources[each.logical_id]["Type"]
        if each.kind != declared:
            told = "passed in ResourceToImport does not match with resource type defined in the template."
            types = f"Resource type in ResourceToImport: {each.kind}; Resource type in Template: {declared}."
            raise refuse(f"Resource type of [{each.logical_id}] {told} {types}")
        _refuse_identifier(each, template)


def _refuse_identifier(each: Requested, template: Template) -> None:
    if not schemas.is_readable(each.kind, template.region):
        raise refuse(f"ResourceTypes [{each.kind}] are not supported for Import")
    keys = schemas.identifier(each.kind, template.region)
    if sorted(each.identifier) != sorted(keys):
        told = f"Expected {_listed(keys)}"
        raise refuse(f"Invalid resource identifier for resource type {each.kind}. {told}")
    if not KINDS[each.kind].importable or len(keys) > 1:
        raise refuse(f"{NOT_EMULATED} importing {each.kind} [{each.logical_id}]")
    declared = template.properties(each.logical_id, {}).get(keys[0], each.value)
    if declared != each.value:
        raise refuse(f"The {keys[0]} of [{each.logical_id}] is {declared} in the template, not {each.value}")


def refuse_other_changes(
    wanted: Collection[Requested], changes: Mapping[str, Difference], before: Template, after: Template
) -> None:
    """Check that a change set of type IMPORT only imports resources.

    Args:
        wanted: the requested resources.
        changes: {logical id: its change}.
        before: the stack's template.
        after: the template of the change set.

    Raises:
        ValidationError: the change set has other changes, or does not import all new resources.
    """
    names = [each.logical_id for each in wanted]
    added = [name for name, change in changes.items() if change.action == "Add"]
    if not added:
        raise refuse("The template should contain at least one new resource to import.")
    if there := [name for name in names if name not in added]:
        told = "passed in ResourceToImport are already in a stack and cannot be imported."
        raise refuse(f"Resources {_listed(there)} {told}")
    if missing := [name for name in added if name not in names]:
        raise refuse(f"Resources {_listed(missing)} is missing from ResourceToImport list")
    if modified := sorted(name for name, change in changes.items() if _is_other(change)):
        told = "Update, create or delete operations cannot be executed during import operations."
        raise refuse(
            f"You have modified resources {_listed(modified)} in your template that are not being imported. {told}"
        )
    if without := [name for name in names if "DeletionPolicy" not in after.resources[name]]:
        told = "must have DeletionPolicy attribute specified in the template."
        raise refuse(f"The following resources to import {_listed(without)} {told}")
    if after.document.get("Outputs") and after.document["Outputs"] != _outputs(before):
        raise refuse("As part of the import operation, you cannot modify or add [Outputs]")


def _is_other(change: Difference) -> bool:
    """Tell whether a change is a real one. Nested stacks always count as modified."""
    return change.action != "Add" and not all(detail.automatic for detail in change.details)


def _outputs(template: Template) -> Any:
    return template.document.get("Outputs") if template.text else None


def taken(
    wanted: Iterable[Requested], template: Template, stacks: Collection[Stack], stack: Stack, aws: Clients
) -> Taken:
    """Return the requested resources as they exist.

    Args:
        wanted: the requested resources.
        template: the template of the change set.
        stacks: all stacks of the account and region, to find the owner of a resource.
        stack: the stack that imports them.
        aws: clients with the caller's rights.
    """
    made: dict[str, Made] = {}
    for each in wanted:
        missing = _MISSING.get(each.kind, _NOT_FOUND).format(kind=each.kind, value=each.value)
        try:
            found = read(aws, template, each.logical_id, each.value)
        except (ClientError, BotoCoreError, Unanswered) as error:
            return Taken({}, str(error))
        if found is None:
            return Taken({}, missing)
        owner = _owner(stacks, each.kind, found)
        if owner is not None and owner is not stack:
            return Taken({}, f"{each.value} already exists in stack {owner.id}")
        made[each.logical_id] = found
    return Taken(made)


def by_name(template: Template, there: Collection[str], stacks: Collection[Stack], aws: Clients) -> Taken:
    """Return existing resources with a name in the template, if the template would add them and no stack has them.

    Args:
        template: the template of the change set.
        there: the logical ids of the resources that the stack has.
        stacks: all stacks of the account and region, to find the owner of a resource.
        aws: clients with the caller's rights.
    """
    made: dict[str, Made] = {}
    for name in template.resources:
        value = "" if name in there else _written_name(template, name)
        found = read(aws, template, name, value) if value else None
        if found is not None and _owner(stacks, template.resources[name]["Type"], found) is None:
            made[name] = found
    return Taken(made)


def read(aws: Clients, template: Template, name: str, value: str) -> Made | None:
    """Return the existing resource for a logical id, given its identifier's value; None if it does not exist."""
    kind = template.resources[name]["Type"]
    [key] = schemas.identifier(kind, template.region)
    writable = key not in schemas.read_only(kind, template.region)
    properties = {**template.properties(name, {}), **({key: value} if writable else {})}
    with via_cloudformation():
        return KINDS[kind].found(aws, value, properties)


def identifiers(template: Template) -> list[dict[str, Any]]:
    """Return ResourceIdentifierSummaries of GetTemplateSummary: the identifying properties of each type."""
    by_kind: dict[str, list[str]] = {}
    for name, body in template.resources.items():
        if schemas.is_readable(body["Type"], template.region):
            by_kind.setdefault(body["Type"], []).append(name)
    return [
        {
            "ResourceType": kind,
            "LogicalResourceIds": names,
            "ResourceIdentifiers": [*schemas.identifier(kind, template.region)],
        }
        for kind, names in by_kind.items()
    ]


def _written_name(template: Template, name: str) -> str:
    """Return the literal name of a retained and importable resource in the template; "" if it has none."""
    body = template.resources[name]
    keys = schemas.identifier(body["Type"], template.region)
    kept = template.policies(name)[0] in RETAINED and KINDS[body["Type"]].importable
    if not kept or len(keys) != 1 or not schemas.is_readable(body["Type"], template.region):
        return ""
    value = (body.get("Properties") or {}).get(keys[0])
    return value if isinstance(value, str) else ""


def _owner(stacks: Iterable[Stack], kind: str, found: Made) -> Stack | None:
    """Return the stack that a resource belongs to, or None."""
    return next((stack for stack in stacks if not stack.deleted and _has(stack, kind, found)), None)


def _has(stack: Stack, kind: str, found: Made) -> bool:
    return any(each.kind == kind and each.made.id == found.id for each in stack.resources.values())


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"
