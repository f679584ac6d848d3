"""What CreateChangeSet is asked, and what AWS refuses of it."""

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
_NAMED = ("RoleName", "PolicyName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName")
_IN_S3 = re.compile(
    r"(?:(?P<virtual>[a-z0-9.-]+)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/"
    r"|s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/(?P<path>[a-z0-9.-]+)/)(?P<key>.+)"
)
"""An object's address, with the bucket in the host's name or in the path."""


class _InsufficientCapabilities(CloudFormationError):
    code = "InsufficientCapabilitiesException"


def reviewed(response: BaseResponse, name: str) -> Stack:
    """A stack that is to be: nothing of it is kept until its first change set is good."""
    stack_id = arn(response, f"stack/{name}/{uuid4()}")
    stacks = registry_of(response).stacks

    def others() -> dict[str, str]:
        there = [stack for stack in stacks.values() if stack.id != stack_id]
        return {name: value for name, (value, _) in exports.all_exported(there).items()}

    empty = Template("", {}, stack_id, name, response.current_account, response.region, others)
    return Stack(stack_id, name, empty)


def refuse_wrong_name(name: str) -> None:
    """ValidationError for a change set's name that AWS does not take."""
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name):
        message = f"Value '{name}' at 'changeSetName' failed to satisfy constraint: [a-zA-Z][-a-zA-Z0-9]*"
        raise ValidationError(message=message)


def refuse_wrong_kind(stack: Stack, kind: str, *, known: bool) -> None:
    """ValidationError where the stack's state allows no change set of the kind: CREATE, UPDATE or IMPORT."""
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
    """The template and parameters of a request; those with UsePreviousValue are the stack's."""
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
    """The value of a parameter of the Systems Manager, read with the caller's rights."""
    try:
        with via_cloudformation():
            return parameter(aws, name)
    except ClientError as error:
        raise ValidationError(message=str(error)) from error


def text_of(response: BaseResponse) -> str:
    """The template of a request: in it, or at an URL in S3 that the caller's account can read."""
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
    """The template and parameters of a nested stack, as its parent declares it."""
    url = urlparse(str(properties["TemplateURL"]))
    values = {key: as_text(value) for key, value in (properties.get("Parameters") or {}).items()}
    return replace(child.template, text=_text_at(response, url), parameters=values, lookup=_lookup(response))


def _lookup(response: BaseResponse) -> Callable[[str], str]:
    return lru_cache(partial(_looked_up, Clients(response)))


def tells_otherwise(stack: Stack, template: Template) -> bool:
    """Whether the outputs would be others, although no resource would."""
    made = {name: resource.made for name, resource in stack.resources.items()}
    return template.outputs(made) != stack.template.outputs(made)


def refuse_without_capabilities(template: Template, given: list[str]) -> None:
    """InsufficientCapabilities for a template with roles, unless the request says that this is known."""
    roles = [body for body in template.resources.values() if body["Type"].startswith("AWS::IAM::")]
    named = any(key in (body.get("Properties") or {}) for body in roles for key in _NAMED)
    wanted = ["CAPABILITY_NAMED_IAM"] if named else ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
    if roles and not set(wanted) & set(given):
        raise _InsufficientCapabilities(f"Requires capabilities : [{wanted[0]}]")
