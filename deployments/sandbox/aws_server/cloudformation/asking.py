"""Holds requests and responses to the API's form: parameters that are not emulated are refused, lists come in pages.

Source: the API reference. A page has 100 items, as for DescribeStackEvents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from deployments.sandbox.aws_server.cloudformation.intrinsics import NOT_EMULATED

Response = CloudFormationResponse
Operation = Callable[[Response], Any]

PAGE = 100

_EMULATED: Mapping[str, frozenset[str]] = {
    "create_change_set": frozenset(
        {
            *("StackName", "ChangeSetName", "ChangeSetType", "TemplateBody", "TemplateURL", "Parameters", "Tags"),
            *("Capabilities", "ClientToken", "Description", "ResourcesToImport", "ImportExistingResources"),
            "IncludeNestedStacks",
        }
    ),
    "describe_events": frozenset({"ChangeSetName", "StackName", "Filters", "NextToken"}),
    "execute_change_set": frozenset({"ChangeSetName", "StackName", "ClientRequestToken"}),
    "delete_stack": frozenset({"StackName", "RetainResources", "ClientRequestToken"}),
    "continue_update_rollback": frozenset({"StackName", "ResourcesToSkip", "ClientRequestToken"}),
    "detect_stack_drift": frozenset({"StackName"}),
    "get_template": frozenset({"StackName", "TemplateStage"}),
    "get_template_summary": frozenset({"StackName", "TemplateBody", "TemplateURL"}),
    "set_stack_policy": frozenset({"StackName", "StackPolicyBody"}),
    "describe_stack_resources": frozenset({"StackName", "LogicalResourceId"}),
}
"""{operation: the parameters that have an effect here}. All parameters of other operations have."""


def held(operation: Operation) -> Operation:
    """Return an operation that refuses requests with parameters that are not emulated.

    A parameter that is false or empty asks for nothing.
    """
    emulated = _EMULATED.get(operation.__name__)

    @wraps(operation)
    def carried_out(response: Response) -> Any:
        asked = [name for name, value in response.params.items() if value not in (None, False, "", [], {})]
        if emulated is not None and (unknown := sorted({*asked} - emulated - {"Action", "Version"})):
            raise ValidationError(message=f"{NOT_EMULATED} {', '.join(unknown)} of {operation.__name__}")
        return operation(response)

    return carried_out


def paged(key: str) -> Callable[[Operation], Operation]:
    """Return a decorator of operations whose list `key` comes in pages."""

    def decorated(operation: Operation) -> Operation:
        @wraps(operation)
        def carried_out(response: Response) -> ActionResult:
            found = cast("dict[str, Any]", operation(response).result)
            begin = _place(str(response._get_param("NextToken") or "0"))
            end = begin + int(response._get_param("MaxResults") or PAGE)
            more = {"NextToken": str(end)} if end < len(found[key]) else {}
            return ActionResult({**found, key: found[key][begin:end], **more})

        return carried_out

    return decorated


def _place(token: str) -> int:
    if not token.isdigit():
        raise ValidationError(message="Invalid NextToken")
    return int(token)
