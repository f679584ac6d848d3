"""Exports: outputs of a stack that other stacks of the account and region import.

Source: the user guide, "Get exported outputs from a deployed CloudFormation stack". A name can be exported only once.
An export that is imported can be neither removed nor changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from moto.cloudformation.exceptions import ValidationError
from moto.core.responses import ActionResult, BaseResponse

from deployments.sandbox.aws_server.cloudformation import asking
from deployments.sandbox.aws_server.cloudformation.registry import registry_of
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template

_NOTHING_THERE = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")


def exported(stack: Stack, template: Template | None = None) -> dict[str, str]:
    """Return {name: value} of a stack's exports, with its own template or with another one."""
    made = {name: resource.made for name, resource in stack.resources.items()}
    outputs = (template or stack.template).outputs(made)
    return {output["ExportName"]: output["OutputValue"] for output in outputs if "ExportName" in output}


def all_exported(stacks: Iterable[Stack]) -> dict[str, tuple[str, Stack]]:
    """Return {name: (value, exporting stack)} of all exports."""
    return {name: (value, stack) for stack in _there(stacks) for name, value in exported(stack).items()}


def importers(stacks: Iterable[Stack], name: str) -> list[Stack]:
    """Return the stacks that import a name."""
    return [stack for stack in _there(stacks) if name in stack.template.imports()]


def present(stack: Stack) -> dict[str, str]:
    """Return {name: value} of what a stack exports now; empty if it is not complete."""
    return {} if stack.status in _NOTHING_THERE or not stack.template.text else exported(stack)


def refusal(
    stacks: Collection[Stack], stack: Stack, after: Mapping[str, str], before: Mapping[str, str] | None = None
) -> str:
    """Tell why AWS would refuse these exports of a stack.

    Args:
        stacks: all stacks of the account and region.
        stack: the stack.
        after: {name: value} of its new exports.
        before: {name: value} of those it had when the change began; by default its present ones.

    Returns:
        The reason; empty if the exports are allowed.
    """
    others = [other for other in stacks if other is not stack]
    theirs = all_exported(others)
    for name in after:
        if name in theirs:
            return f"Export with name {name} is already exported by stack {theirs[name][1].name}"
    for name, value in (present(stack) if before is None else before).items():
        users = ", ".join(user.name for user in importers(others, name))
        if users and after.get(name) != value:
            what = "deleted" if name not in after else "updated"
            return f"Export {name} cannot be {what} as it is in use by {users}"
    return ""


@asking.paged("Exports")
def list_exports(response: BaseResponse) -> ActionResult:
    """List the exports of all stacks in the account and region."""
    found = all_exported(registry_of(response).stacks.values())
    told = [{"ExportingStackId": stack.id, "Name": name, "Value": value} for name, (value, stack) in found.items()]
    return ActionResult({"Exports": told})


@asking.paged("Imports")
def list_imports(response: BaseResponse) -> ActionResult:
    """List the stacks that import an export.

    Raises:
        ValidationError: no stack imports it.
    """
    name = str(response._get_param("ExportName"))
    found = importers(registry_of(response).stacks.values(), name)
    if not found:
        raise ValidationError(message=f"Export '{name}' is not imported by any stack.")
    return ActionResult({"Imports": [stack.name for stack in found]})


def _there(stacks: Iterable[Stack]) -> list[Stack]:
    return [stack for stack in stacks if stack.status not in _NOTHING_THERE and stack.template.text]
