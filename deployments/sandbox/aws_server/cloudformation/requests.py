"""Reads requests for change sets, and refuses those that AWS rejects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any
from urllib.parse import ParseResult, unquote, urlparse
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.core.responses import BaseResponse
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from deployments.sandbox.aws_server.cloudformation import exports, quotas
from deployments.sandbox.aws_server.cloudformation.clients import Clients, via_cloudformation
from deployments.sandbox.aws_server.cloudformation.dynamic import parameter
from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text
from deployments.sandbox.aws_server.cloudformation.registry import arn, registry_of
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template

_UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)
_NAMED = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}
"""{type: the property that names it}. An inline policy has a name, too, but is none of the account's own."""

_IN_S3 = re.compile(
    r"(?:(?P<virtual>[a-z0-9.-]+)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/"
    r"|s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/(?P<path>[a-z0-9.-]+)/)(?P<key>.+)"
)
"""The address of an object in S3, with the bucket in the host name or in the path."""


class _InsufficientCapabilities(CloudFormationError):
    code = "InsufficientCapabilitiesException"


def reviewed(response: BaseResponse, name: str) -> Stack:
    """Return a new stack in review. It is not registered yet, in case its first change set is refused."""
    stack_id = arn(response, f"stack/{name}/{uuid4()}")
    stacks = registry_of(response).stacks

    def others() -> dict[str, str]:
        there = [stack for stack in stacks.values() if stack.id != stack_id]
        return {name: value for name, (value, _) in exports.all_exported(there).items()}

    empty = Template("", {}, stack_id, name, response.current_account, response.region, others)
    return Stack(stack_id, name, empty)


def refuse_wrong_name(name: str) -> None:
    """Check the name of a change set.

    Raises:
        ValidationError: AWS does not allow the name.
    """
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name):
        message = f"Value '{name}' at 'changeSetName' failed to satisfy constraint: [a-zA-Z][-a-zA-Z0-9]*"
        raise ValidationError(message=message)


def refuse_wrong_kind(stack: Stack, kind: str, *, known: bool) -> None:
    """Check that a stack's state allows a change set of the given type.

    Args:
        stack: the stack.
        kind: the type of change set: CREATE, UPDATE or IMPORT.
        known: whether the stack is registered.

    Raises:
        ValidationError: the type is unknown, or the stack's state does not allow it.
    """
    if kind not in ("CREATE", "UPDATE", "IMPORT"):
        allowed = "Member must satisfy enum value set: [CREATE, UPDATE, IMPORT]"
        told = f"Value '{kind}' at 'changeSetType' failed to satisfy constraint: {allowed}"
        raise ValidationError(message=f"1 validation error detected: {told}")
    fresh = not known or stack.status == "REVIEW_IN_PROGRESS"
    if kind == "UPDATE" and fresh:
        raise ValidationError(message=f"Stack [{stack.name}] does not exist")
    if kind == "CREATE" and not fresh:
        why = "already exists and cannot be created again with the changeSet."
        raise ValidationError(message=f"Stack [{stack.name}] {why}")
    if not fresh and stack.status not in _UPDATABLE:
        raise ValidationError(message=f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


def template_of(response: BaseResponse, stack: Stack) -> Template:
    """Return the template and parameters of a request; parameters with UsePreviousValue have the stack's values.

    Raises:
        ValidationError: the parameters are inconsistent, or the template cannot be read.
    """
    values: dict[str, str] = {}
    for given in response._get_param("Parameters", []):
        key = given["ParameterKey"]
        if "ParameterValue" in given and given.get("UsePreviousValue"):
            message = f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true"
            raise ValidationError(message=f"{message} and a parameter value")
        if not given.get("UsePreviousValue"):
            values[key] = str(given["ParameterValue"])
        elif key in stack.template.parameters:
            values[key] = stack.template.parameters[key]
        elif "Default" in stack.template.slots.get(key, {}):
            values[key] = str(stack.template.slots[key]["Default"])
        else:
            message = f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true"
            raise ValidationError(message=f"{message} for a parameter key not in the previous template")
    return replace(stack.template, text=text_of(response), parameters=values, lookup=_lookup(response))


def _looked_up(aws: Clients, name: str) -> str:
    """Return the value of a parameter in Systems Manager, read with the caller's rights."""
    try:
        with via_cloudformation():
            return parameter(aws, name)
    except ClientError as error:
        raise ValidationError(message=str(error)) from error


def text_of(response: BaseResponse) -> str:
    """Return the text of a request's template, from its body or from S3, where the caller's account must have it.

    Raises:
        ValidationError: the template is too large, or there is no such object.
    """
    url = urlparse(str(response._get_param("TemplateURL") or ""))
    if url.netloc:
        return _text_at(response, url)
    text = str(response._get_param("TemplateBody") or "")
    quotas.refuse_large(text, quotas.IN_REQUEST)
    return text


def _text_at(response: BaseResponse, url: ParseResult) -> str:
    place = _IN_S3.fullmatch(url.netloc + url.path)
    if url.scheme != "https" or place is None:
        raise ValidationError(message="TemplateURL must be a supported URL.")
    found = None
    with suppress(MissingBucket):
        found = s3_backends[response.current_account]["aws"].get_object(
            place["virtual"] or place["path"], unquote(place["key"])
        )
    if found is None:
        raise ValidationError(message="S3 error: Access Denied")
    text = str(found.value.decode())
    quotas.refuse_large(text, quotas.IN_BUCKET)
    return text


def nested_template(response: BaseResponse, child: Stack, properties: Mapping[str, Any]) -> Template:
    """Return the template and parameters of a nested stack, as its parent declares them in `properties`.

    Raises:
        ValidationError: the template is too large, or there is no such object.
    """
    url = urlparse(str(properties["TemplateURL"]))
    values = {key: as_text(value) for key, value in (properties.get("Parameters") or {}).items()}
    return replace(child.template, text=_text_at(response, url), parameters=values, lookup=_lookup(response))


def _lookup(response: BaseResponse) -> Callable[[str], str]:
    return lru_cache(partial(_looked_up, Clients(response)))


def tells_otherwise(stack: Stack, template: Template) -> bool:
    """Tell whether the outputs would change, although no resource would."""
    made = {name: resource.made for name, resource in stack.resources.items()}
    return template.outputs(made) != stack.template.outputs(made)


def refuse_without_capabilities(template: Template, given: list[str]) -> None:
    """Check that a request acknowledges the IAM resources in its template.

    Raises:
        CloudFormationError: a required capability is missing (InsufficientCapabilities).
    """
    roles = [body for body in template.resources.values() if body["Type"].startswith("AWS::IAM::")]
    named = any(_NAMED.get(body["Type"]) in (body.get("Properties") or {}) for body in roles)
    wanted = ["CAPABILITY_NAMED_IAM"] if named else ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    if roles and not set(wanted) & set(given):
        raise _InsufficientCapabilities(f"Requires capabilities : [{wanted[0]}]")
