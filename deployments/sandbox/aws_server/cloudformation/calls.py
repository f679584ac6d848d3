"""Defines a call of a service, and which of a resource's properties become its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from botocore.model import StructureShape

from deployments.sandbox.aws_server.cloudformation.arguments import argument, input_of, member
from deployments.sandbox.aws_server.cloudformation.clients import Clients
from deployments.sandbox.aws_server.cloudformation.kinds import Properties
from deployments.sandbox.aws_server.cloudformation.places import Scope, filled, filled_text, named

Names = Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """A call of a service.

    Attributes:
        operation: the operation as boto3 names it.
        given: {argument: its value}, with places.
        of: the properties to pass; None for all properties that the operation accepts.
        found: JMESPath of the object in the response, with places.
        when: {property: arguments to add if it is declared}, or the place that contains these arguments.
    """

    operation: str
    given: Mapping[str, Any] = field(default_factory=dict)
    of: tuple[str, ...] | None = None
    found: str = "@"
    when: Mapping[str, Mapping[str, Any] | str] = field(default_factory=dict)

    def takes(self, service: str, key: str, names: Names) -> str:
        """Return the argument that a property becomes, or "" if the call does not accept the property."""
        if self.of is not None and key not in self.of:
            return ""
        found = member(input_of(service, self.operation), key, names)
        return "" if found in self.given else found

    def is_about(self, service: str, key: str, names: Names) -> bool:
        """Tell whether the call sends a property in any way."""
        told = key in self.when or key in named(self.given) or (self.of is not None and key in self.of)
        return told or bool(self.takes(service, key, names))

    def answer(self, aws: Clients, service: str, p: Properties, names: Names, scope: Scope) -> Any:
        """Make the call with the properties that it accepts, and return the object in its response."""
        shape = input_of(service, self.operation)
        arguments: dict[str, Any] = {}
        for key, value in p.items():
            if key in self.when:
                _merge(arguments, self._placed(shape, self.when[key], names, scope))
            elif name := self.takes(service, key, names):
                arguments[name] = argument(shape.members[name], value, names)
        _merge(arguments, self._placed(shape, self.given, names, scope))
        answer = getattr(aws(service), self.operation)(**arguments)
        return jmespath.search(filled_text(self.found, scope), answer)

    @staticmethod
    def _placed(shape: StructureShape, given: Any, names: Names, scope: Scope) -> dict[str, Any]:
        found = {member(shape, name, names) or name: value for name, value in filled(given, scope).items()}
        return {
            name: argument(shape.members[name], value, names)
            for name, value in found.items()
            if name in shape.members
        }


@dataclass(frozen=True)
class Each:
    """A property that is a list, each item of which has its own calls. "{item}" is the item.

    Attributes:
        property: its name.
        add: the call that adds an item.
        remove: the call that removes an item.
    """

    property: str
    add: Call
    remove: Call


def _merge(arguments: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        earlier = arguments.get(name)
        arguments[name] = {**earlier, **value} if isinstance(earlier, dict) and isinstance(value, dict) else value
