"""A call of a service, with what it takes of a resource's properties."""

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
        operation: as boto3 names it.
        given: arguments by name, with places.
        of: the properties that are handed on; all that the operation takes when it is None.
        found: JMESPath of the object in the answer, with places.
        when: the arguments that a property adds if it is declared, or the place that has them.
    """

    operation: str
    given: Mapping[str, Any] = field(default_factory=dict)
    of: tuple[str, ...] | None = None
    found: str = "@"
    when: Mapping[str, Mapping[str, Any] | str] = field(default_factory=dict)

    def takes(self, service: str, key: str, names: Names) -> str:
        """The argument that a property is; empty where it is none."""
        if self.of is not None and key not in self.of:
            return ""
        found = member(input_of(service, self.operation), key, names)
        return "" if found in self.given else found

    def is_about(self, service: str, key: str, names: Names) -> bool:
        """Whether a property is told by the call, in whatever way."""
        told = key in self.when or key in named(self.given) or (self.of is not None and key in self.of)
        return told or bool(self.takes(service, key, names))

    def answer(self, aws: Clients, service: str, p: Properties, names: Names, scope: Scope) -> Any:
        """Make the call with the properties that it takes; the object in its answer."""
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
    """A property that is a list, of which every item has calls of its own; "{item}" is the item.

    Attributes:
        property: its name.
        add: brings an item.
        remove: takes an item away.
    """

    property: str
    add: Call
    remove: Call


def _merge(arguments: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        earlier = arguments.get(name)
        arguments[name] = {**earlier, **value} if isinstance(earlier, dict) and isinstance(value, dict) else value
