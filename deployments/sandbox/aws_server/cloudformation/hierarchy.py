"""Change sets of nested stacks, which are created and deleted with the change set of the stack that contains them.

Source: the user guide, "Change sets for nested stacks".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.core.responses import BaseResponse

from deployments.sandbox.aws_server.cloudformation.change_sets import Difference, differences
from deployments.sandbox.aws_server.cloudformation.embedded import refuse
from deployments.sandbox.aws_server.cloudformation.intrinsics import NOT_EMULATED, is_later
from deployments.sandbox.aws_server.cloudformation.kinds import Made, generated
from deployments.sandbox.aws_server.cloudformation.refusals import failure, refuse_unchangeable
from deployments.sandbox.aws_server.cloudformation.registry import ChangeSet, arn, registry_of
from deployments.sandbox.aws_server.cloudformation.requests import (
    nested_template,
    refuse_without_capabilities,
    reviewed,
    tells_otherwise,
)
from deployments.sandbox.aws_server.cloudformation.stacks import Stack
from deployments.sandbox.aws_server.cloudformation.templates import Template

Tags = Mapping[str, str]


@dataclass
class Hierarchy:
    """The change sets of all stacks that are nested in one stack.

    Attributes:
        response: the request for the change set of the outermost stack.
        name: the name of that change set.
        root: its ARN.
        capabilities: the capabilities that the request acknowledges.
        made: the change sets of nested stacks made so far.
    """

    response: BaseResponse
    name: str
    root: str
    capabilities: list[str]
    made: list[ChangeSet] = field(default_factory=list)

    @property
    def failure(self) -> str:
        """The reason why the outermost change set fails; empty if no nested one has failed."""
        failed = next((each for each in self.made if each.status == "FAILED"), None)
        told = "was not successfully created: Currently in FAILED."
        return f"Nested change set {failed.arn} {told}" if failed else ""

    def differences(
        self, stack: Stack, template: Template, tags: Tags, imports: Mapping[str, Made] = MappingProxyType({})
    ) -> dict[str, Difference]:
        """Return {logical id: its change} for a new template, and make the change sets of nested stacks."""

        def nested(name: str, properties: Mapping[str, Any]) -> tuple[str, bool]:
            return self._nested(stack, name, properties, tags)

        region, differ = self.response.region, tags != stack.tags
        return differences(stack.resources, template, region, differ, nested, stack.template, imports)

    def _nested(self, parent: Stack, name: str, properties: Mapping[str, Any], tags: Tags) -> tuple[str, bool]:
        if is_later(properties["TemplateURL"]):
            return "", True
        child = self._child(parent, name)
        own = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}
        made = ChangeSet(self._arn(name), self.name, child, child.template, {**tags, **own}, (), root=self.root)
        try:
            made.changes = self._changes(made, properties)
        except CloudFormationError as error:
            if NOT_EMULATED in str(error.message):
                raise
            made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", str(error.message)
        self.made.append(made)
        return made.arn, bool(made.changes) or made.status == "FAILED" or tells_otherwise(child, made.template)

    def _changes(self, made: ChangeSet, properties: Mapping[str, Any]) -> tuple[Difference, ...]:
        made.template = nested_template(self.response, made.stack, properties)
        refuse(made.template)
        if why := failure(made.template):
            raise ValidationError(message=why)
        refuse_without_capabilities(made.template, self.capabilities)
        found = self.differences(made.stack, made.template, made.tags)
        refuse_unchangeable(found)
        return tuple(found.values())

    def _child(self, parent: Stack, name: str) -> Stack:
        there = parent.resources.get(name)
        known = registry_of(self.response).stacks.get(there.made.id) if there else None
        return known or reviewed(self.response, generated(parent.name, name))

    def _arn(self, name: str) -> str:
        return arn(self.response, f"changeSet/{self.name}-{name}/{uuid4()}")
