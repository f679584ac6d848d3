"""Makes, changes and removes nested stacks.

Resources that a change of a nested stack no longer needs remain until the outermost stack is complete. So all stacks
can be rolled back together (user guide, "Split a template into reusable pieces using nested stacks").
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.core.responses import BaseResponse

from deployments.sandbox.aws_server import authorization
from deployments.sandbox.aws_server.cloudformation import exports, rollback
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.execution import bring_about, complete
from deployments.sandbox.aws_server.cloudformation.kinds import EmbeddedFailed, Made, Properties, tags_of
from deployments.sandbox.aws_server.cloudformation.refusals import refuse_invalid, refuse_not_emulated
from deployments.sandbox.aws_server.cloudformation.registry import registry_of
from deployments.sandbox.aws_server.cloudformation.removal import remove
from deployments.sandbox.aws_server.cloudformation.requests import nested_template, reviewed
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template


class Embedded:
    """The nested stacks of one stack, while a request changes it."""

    def __init__(self, response: BaseResponse, parent: Stack) -> None:
        self._response, self._parent = response, parent
        self._changed: list[tuple[Stack, Clients]] = []

    def create(self, aws: Clients, name: str, p: Properties) -> Made:
        """Make a nested stack. If that fails, nothing of it remains.

        Raises:
            EmbeddedFailed: the stack could not be made.
        """
        child = reviewed(self._response, name)
        child.parent, child.root = self._parent.id, self._parent.root or self._parent.id
        self._refuse_unless_allowed("CreateStack", child)
        registry_of(self._response).stacks[child.id] = child
        try:
            self._bring_about(child, aws, p)
        except EmbeddedFailed:
            _end(child)
            raise
        return Made(child.id, _outputs(child))

    def update(self, aws: Clients, made: Made, p: Properties) -> None:
        """Change a nested stack to the current state of its template.

        Raises:
            EmbeddedFailed: the stack could not be changed.
        """
        child = self._child(made)
        self._refuse_unless_allowed("UpdateStack", child)
        self._bring_about(child, aws, p)
        made.attributes.clear()
        made.attributes.update(_outputs(child))

    def undo(self, made: Made) -> None:
        """Roll back what `update` has changed, or continue such a rollback.

        Raises:
            EmbeddedFailed: the rollback failed.
        """
        child = self._child(made)
        if child.pending is not None or child.undoing:
            child.pending = None
            why = "the stack that it is nested in is rolled back"
            rollback.roll_back(child, self._clients(child), why, "UPDATE")
        made.attributes.clear()
        made.attributes.update(_outputs(child))
        if child.status.endswith("_FAILED"):
            raise EmbeddedFailed(child.id, f"Embedded stack {child.id} is {child.status}: {child.reason}")

    def delete(self, made: Made) -> None:
        """Remove a nested stack, or roll it back if the current change has made it.

        Raises:
            EmbeddedFailed: the stack could not be removed.
        """
        child = self._child(made)
        if child.pending is not None and child.pending.verb == "CREATE":
            child.pending = None
            why = "the stack that it is nested in is rolled back"
            rollback.roll_back(child, self._clients(child), why, "CREATE")
            _end(child)
            return
        self._refuse_unless_allowed("DeleteStack", child)
        there = registry_of(self._response).stacks.values()
        remove(child, self._clients(child), exports.refusal([*there], child, {}))
        if not child.deleted:
            raise EmbeddedFailed(child.id, f"Embedded stack {child.id} was not successfully deleted: {child.reason}")

    def is_there(self, made: Made) -> bool:
        """Tell whether a nested stack exists."""
        child = registry_of(self._response).stacks.get(made.id)
        return child is not None and not child.deleted

    def complete(self) -> None:
        """Remove what the changes no longer need."""
        for child, clients in self._changed:
            complete(child, clients)
        self._changed.clear()

    def _bring_about(self, child: Stack, aws: Clients, p: Properties) -> None:
        template, clients = nested_template(self._response, child, p), self._clients(child)
        try:
            refuse(template)
        except ValidationError as error:
            raise EmbeddedFailed(child.id, str(error.message)) from error
        there, before = [*registry_of(self._response).stacks.values()], exports.present(child)
        refusal = lambda after: exports.refusal(there, child, exports.exported(child, after), before)  # noqa: E731
        if why := bring_about(child, template, tags_of(aws, p), clients, refusal):
            told = f"Embedded stack {child.id} was not successfully changed: {why}"
            raise EmbeddedFailed(child.id, told)
        self._changed.append((child, clients))

    def _refuse_unless_allowed(self, operation: str, child: Stack) -> None:
        if why := authorization.refusal(self._response, operation, child.id):
            raise EmbeddedFailed("", f"{why} on resource: {child.id}")

    def _child(self, made: Made) -> Stack:
        child = registry_of(self._response).stacks.get(made.id)
        if child is None or child.deleted:
            raise EmbeddedFailed(made.id, f"Stack [{made.id}] does not exist")
        return child

    def _clients(self, child: Stack) -> Clients:
        return clients_for(self._response, child)


def clients_for(response: BaseResponse, stack: Stack) -> Clients:
    """Return clients with the caller's rights, for changes of a stack."""
    made = Clients(response)
    made.nested, made.tags = Embedded(response, stack), stack.tags
    return made


def refuse(template: Template) -> None:
    """Check a nested template as every other template.

    Raises:
        ValidationError: the template is rejected or not emulated.
    """
    template.refuse_wrong_parameters()
    refuse_not_emulated(template)
    refuse_invalid(template)


def _outputs(child: Stack) -> dict[str, Any]:
    template = child.pending.template if child.pending else child.template
    made = {name: resource.made for name, resource in child.resources.items()}
    return {f"Outputs.{each['OutputKey']}": each["OutputValue"] for each in template.outputs(made)}


def _end(child: Stack) -> None:
    child.deleted = datetime.now(UTC)
    child.enter("DELETE_COMPLETE")
