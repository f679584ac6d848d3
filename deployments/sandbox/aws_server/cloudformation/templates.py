"""A template with its parameters: which resources it declares, in which order, and what their properties come to.

Parsing and intrinsic functions are moto's; here is what they are resolved with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Stack as MotoStack
from moto.cloudformation.parsing import ResourceMap, clean_json

from deployments.sandbox.aws_server.cloudformation.kinds import Made

LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What CloudFormation writes for a value that only executing a change set will tell."""

_IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z0-9.]+)?\}")
_NOT_EMULATED = ("Transform", "Rules", "Hooks")


class _NotYet:
    """A resource that is not made yet: everything about it is known later."""

    physical_resource_id = LATER

    def get_cfn_attribute(self, _: str) -> str:
        return LATER


class _There:
    def __init__(self, kind: str, made: Made) -> None:
        self.physical_resource_id = made.id
        self._kind, self._attributes = kind, made.attributes

    def get_cfn_attribute(self, name: str) -> Any:
        if name not in self._attributes:
            message = f"Template error: resource {self._kind} does not support attribute type {name} in Fn::GetAtt"
            raise ValidationError(message=message)
        return self._attributes[name]


class _Names(ResourceMap):
    """What moto resolves references with: parameters and conditions are its own, resources are ours."""

    made: Mapping[str, Made]

    def __getitem__(self, key: str) -> Any:
        if key in self._parsed_resources:
            return self._parsed_resources[key]
        if key not in self._resource_json_map:
            where = "in the Resources block of the template"
            message = f"Template format error: Unresolved resource dependencies [{key}] {where}"
            raise ValidationError(message=message)
        kind = self._resource_json_map[key]["Type"]
        return _There(kind, self.made[key]) if key in self.made else _NotYet()


@dataclass(frozen=True)
class _Export:
    """What moto looks an imported value up in."""

    name: str
    value: str


class _Exports(dict[str, Any]):
    """What moto looks imported values up in; other stacks are asked only when a template imports one."""

    def __init__(self, found: Callable[[], Mapping[str, str]]) -> None:
        super().__init__()
        self._found = found

    def values(self) -> Any:
        return [_Export(name, value) for name, value in self._found().items()]


@dataclass(frozen=True)
class Template:
    """A template's text with the values of its parameters, in one stack."""

    text: str
    parameters: Mapping[str, str]
    stack_id: str
    stack_name: str
    account: str
    region: str
    exports: Callable[[], Mapping[str, str]] = field(default=dict, compare=False)
    """What other stacks export here: name -> value."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The parsed template; ValidationError for what is not emulated."""
        found = MotoStack.parse_template(self.text)
        if not isinstance(found, dict) or not found.get("Resources"):
            raise ValidationError(message="Template format error: At least one Resources member must be defined.")
        for name in found["Resources"]:
            if not re.fullmatch(r"[A-Za-z0-9]+", name):
                raise ValidationError(message=f"Template format error: Resource name {name} is non alphanumeric.")
        for section in _NOT_EMULATED:
            if section in found:
                raise ValidationError(message=f"the sandbox does not emulate {section} in templates")
        return found

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Logical id -> declaration, of those whose condition holds; each behind those it refers to."""
        names = self._names({})
        declared = self.document["Resources"]
        there = {
            name: body
            for name, body in declared.items()
            if "Condition" not in body or names.lazy_condition_map[body["Condition"]]
        }
        graph = {name: {other for other in _named(body) if other in there} for name, body in there.items()}
        try:
            return {name: there[name] for name in TopologicalSorter(graph).static_order()}
        except CycleError as error:
            circle = ", ".join(dict.fromkeys(error.args[1]))
            raise ValidationError(message=f"Circular dependency between resources: [{circle}]") from error

    @property
    def slots(self) -> Mapping[str, Mapping[str, Any]]:
        """The declared parameters."""
        found: Mapping[str, Mapping[str, Any]] = self.document.get("Parameters") or {}
        return found

    def properties(self, logical_id: str, made: Mapping[str, Made]) -> dict[str, Any]:
        """The properties of a resource; what refers to a resource that is not in `made` is LATER."""
        declared = self.document["Resources"][logical_id].get("Properties") or {}
        found: dict[str, Any] = _told(clean_json(declared, self._names(made)))
        return found

    def outputs(self, made: Mapping[str, Made]) -> list[dict[str, Any]]:
        """The outputs of a stack whose resources are `made`."""
        names = self._names(made)
        declared = (self.document.get("Outputs") or {}).items()
        there = [(key, body) for key, body in declared if self._holds(body, names)]
        return [
            {
                "OutputKey": key,
                "OutputValue": str(clean_json(body["Value"], names)),
                "Description": body.get("Description", ""),
                **({"ExportName": str(clean_json(body["Export"]["Name"], names))} if "Export" in body else {}),
            }
            for key, body in there
        ]

    def imports(self) -> frozenset[str]:
        """The names of the exports of other stacks that the template uses."""
        names = self._names({})
        return frozenset(str(clean_json(name, names)) for name in _imported(self.document))

    def _holds(self, body: Mapping[str, Any], names: _Names) -> bool:
        return "Condition" not in body or bool(names.lazy_condition_map[body["Condition"]])

    def _names(self, made: Mapping[str, Made]) -> _Names:
        names = _Names(
            self.stack_id,
            self.stack_name,
            dict(self.parameters),
            {},
            region_name=self.region,
            account_id=self.account,
            template=self.document,
            cross_stack_resources=_Exports(self.exports),
        )
        names.made = made
        names.load_mapping()
        names.load_parameters()
        names.load_conditions()
        return names

    def refuse_wrong_parameters(self) -> None:
        """ValidationError for parameters that are missing, unknown, or not among the allowed values."""
        slots = self.slots
        missing = [name for name, slot in slots.items() if "Default" not in slot and name not in self.parameters]
        if missing:
            raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
        unknown = [name for name in self.parameters if name not in slots]
        if unknown:
            raise ValidationError(message=f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        for name, value in self.parameters.items():
            allowed = [str(option) for option in slots[name].get("AllowedValues", ())]
            if allowed and value not in allowed:
                raise ValidationError(message=f"Parameter '{name}' must be one of AllowedValues")
            if why := _unfit(slots[name], value):
                raise ValidationError(message=f"Parameter '{name}' {why}")


def _unfit(slot: Mapping[str, Any], value: str) -> str:
    """Why AWS refuses a parameter's value; empty where it takes it."""
    told = f": {slot['ConstraintDescription']}" if "ConstraintDescription" in slot else ""
    if "AllowedPattern" in slot and not re.fullmatch(str(slot["AllowedPattern"]), value):
        return f"must match pattern {slot['AllowedPattern']}{told}"
    if not int(slot.get("MinLength", 0)) <= len(value) <= int(slot.get("MaxLength", len(value))):
        return (
            f"must contain at least {slot.get('MinLength', 0)} and at most {slot.get('MaxLength', 'any')} characters"
        )
    if slot.get("Type") != "Number":
        return ""
    try:
        number = float(value)
    except ValueError:
        return "must be a number"
    lowest, highest = float(slot.get("MinValue", number)), float(slot.get("MaxValue", number))
    return "" if lowest <= number <= highest else f"must be a number from {lowest:g} to {highest:g}{told}"


def _imported(value: Any) -> Iterator[Any]:
    """What stands in every Fn::ImportValue."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from ([item] if key == "Fn::ImportValue" else _imported(item))
    elif isinstance(value, list):
        for item in value:
            yield from _imported(item)


def _named(value: Any) -> Iterator[str]:
    """Every logical id that a declaration may refer to."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _REFERRING.get(key, _named)(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)


def _substituted(value: Any) -> Iterator[str]:
    yield from _IN_TEXT.findall(value if isinstance(value, str) else value[0])
    yield from _named(value)


_REFERRING: Mapping[str, Callable[[Any], Iterable[str]]] = {
    "Ref": lambda value: [value],
    "DependsOn": lambda value: [value] if isinstance(value, str) else value,
    "Fn::GetAtt": lambda value: [value[0] if isinstance(value, list) else value.partition(".")[0]],
    "Fn::Sub": _substituted,
}


def _told(value: Any) -> Any:
    """A text that holds what is known later is itself known later; AWS::NoValue in a list is nothing."""
    if isinstance(value, dict):
        return {key: _told(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_told(item) for item in value if item is not None]
    return LATER if isinstance(value, str) and LATER in value else value
