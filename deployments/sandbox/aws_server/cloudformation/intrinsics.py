"""Resolves the intrinsic functions of templates, given parameters, mappings and the resources made so far.

Source: the user guide, "Intrinsic function reference". A value that depends on a resource that is not made yet is
LATER, and so is every text that contains it.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""CloudFormation's text for a value that is known only after a change set has been executed."""

NOT_EMULATED = "the sandbox does not emulate"
"""The beginning of every refusal that AWS would not make."""

NOTHING = object()
"""The value of AWS::NoValue. A property or item with this value is left out."""

_IN_TEXT = re.compile(r"\$\{(!?)([^}]+)\}")


def refuse(message: str) -> ValidationError:
    """Return the error for a template that is rejected."""
    return ValidationError(message=message)


@dataclass(frozen=True)
class Values:
    """The values that templates are resolved with.

    Attributes:
        names: {parameter or pseudo parameter: its value}; NOTHING for AWS::NoValue.
        attribute: returns an attribute of a resource, its id for "", or LATER if it is not made yet. Raises KeyError
            if there is no such resource.
        exported: returns the value of another stack's export. Raises KeyError if there is no such export.
        mappings: the Mappings section.
        conditions: the Conditions section.
    """

    names: Mapping[str, Any]
    attribute: Callable[[str, str], Any]
    exported: Callable[[str], str]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]

    def holds(self, name: str) -> bool:
        """Tell whether a condition holds. Conditions may refer to each other by name.

        Raises:
            ValidationError: there is no such condition.
        """
        if name not in self._known:
            if name not in self.conditions:
                raise refuse(f"Template format error: Unresolved condition dependency {name}")
            self._known[name] = self._true(self.conditions[name])
        return self._known[name]

    @cached_property
    def _known(self) -> dict[str, bool]:
        return {}

    def resolved(self, value: Any) -> Any:
        """Return a value with its functions resolved, or LATER for parts that are not known yet.

        Raises:
            ValidationError: a function fails or is not emulated.
        """
        if isinstance(value, list):
            found = [self.resolved(item) for item in value]
            return [item for item in found if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if name.startswith("Fn::"):
                raise refuse(f"the sandbox does not emulate {name}")
        both = {key: self.resolved(item) for key, item in value.items()}
        return {key: item for key, item in both.items() if item is not NOTHING}

    def _true(self, value: Any) -> bool:
        if isinstance(value, str | bool):
            return str(value).lower() == "true"
        [(name, argument)] = value.items()
        if name == "Condition":
            return self.holds(argument)
        if name not in _CONDITIONS:
            return bool(self.resolved(value))
        return _CONDITIONS[name](self, argument)

    def _ref(self, argument: Any) -> Any:
        name = self.resolved(argument)
        return self.names[name] if name in self.names else self._attribute(name, "")

    def _attribute(self, resource: str, name: str) -> Any:
        try:
            return self.attribute(resource, name)
        except KeyError as error:
            where = f"Unresolved resource dependencies [{resource}] in the Resources block of the template"
            raise refuse(f"Template format error: {where}") from error

    def _get_att(self, argument: Any) -> Any:
        parts = argument.split(".") if isinstance(argument, str) else [self.resolved(part) for part in argument]
        return self._attribute(parts[0], ".".join(parts[1:]))

    def _sub(self, argument: Any) -> Any:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        given = {key: self.resolved(value) for key, value in own.items()}

        def replaced(match: re.Match[str]) -> str:
            name = match[2].strip()
            if match[1]:
                return f"${{{name}}}"
            found = given[name] if name in given else self._named(name)
            if found is NOTHING:
                raise refuse(f"{NOT_EMULATED} AWS::NoValue in Fn::Sub")
            return as_text(found)

        return later_or(_IN_TEXT.sub(replaced, str(text)))

    def _named(self, name: str) -> Any:
        return self._get_att(name) if "." in name and name not in self.names else self._ref(name)

    def _join(self, argument: Any) -> Any:
        separator, items = argument
        listed = self.resolved(items)
        return LATER if listed == LATER else later_or(str(separator).join(as_text(item) for item in listed))

    def _split(self, argument: Any) -> Any:
        separator, text = self.resolved(argument)
        return LATER if is_later(text) else str(text).split(separator)

    def _select(self, argument: Any) -> Any:
        index, items = self.resolved(argument)
        if items == LATER:
            return LATER
        if not str(index).isdigit() or int(index) >= len(items):
            raise refuse(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
        return items[int(index)]

    def _find_in_map(self, argument: Any) -> Any:
        name, first, second = (self.resolved(part) for part in argument[:3])
        if LATER in (name, first, second):
            return LATER
        if name not in self.mappings and len(argument) == 3:
            raise refuse(
                f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
            )
        found = self.mappings.get(name, {}).get(str(first), {}).get(str(second), NOTHING)
        if found is not NOTHING:
            return self.resolved(found)
        if len(argument) > 3 and "DefaultValue" in argument[3]:
            return self.resolved(argument[3]["DefaultValue"])
        where = f"Unable to get mapping for {name}::{first}::{second}"
        raise refuse(f"Template error: {where}")

    def _if(self, argument: Any) -> Any:
        condition, yes, no = argument
        return self.resolved(yes if self.holds(condition) else no)

    def _import(self, argument: Any) -> Any:
        name = self.resolved(argument)
        try:
            return LATER if is_later(name) else self.exported(name)
        except KeyError as error:
            raise refuse(f"No export named {name} found.") from error

    def _zones(self, argument: Any) -> Any:
        region = self.resolved(argument) or self.names["AWS::Region"]
        return [zone.name for zone in RegionsAndZonesBackend.zones.get(region, [])]

    def _base64(self, argument: Any) -> Any:
        text = self.resolved(argument)
        return LATER if is_later(text) else base64.b64encode(as_text(text).encode()).decode()

    def _cidr(self, argument: Any) -> Any:
        block, count, *bits = self.resolved(argument)
        if LATER in (block, count, *bits):
            return [LATER] * int(count)
        try:
            network = ipaddress.ip_network(block, strict=False)
            parts = network.subnets(new_prefix=network.max_prefixlen - int(bits[0] if bits else 8))
        except ValueError as error:
            raise refuse(f"Template error: Fn::Cidr: {error}") from error
        return [str(part) for part, _ in zip(parts, range(int(count)), strict=False)]

    def _json(self, argument: Any) -> Any:
        return later_or(json.dumps(self.resolved(argument), separators=(",", ":")))

    def _length(self, argument: Any) -> Any:
        found = self.resolved(argument)
        return LATER if found == LATER else len(found)

    def _equal(self, argument: Any) -> bool:
        left, right = self.resolved(argument)
        return as_text(left) == as_text(right)


_FUNCTIONS: Mapping[str, Callable[[Values, Any], Any]] = {
    "Ref": Values._ref,
    "Fn::GetAtt": Values._get_att,
    "Fn::Sub": Values._sub,
    "Fn::Join": Values._join,
    "Fn::Split": Values._split,
    "Fn::Select": Values._select,
    "Fn::FindInMap": Values._find_in_map,
    "Fn::If": Values._if,
    "Fn::ImportValue": Values._import,
    "Fn::GetAZs": Values._zones,
    "Fn::Base64": Values._base64,
    "Fn::Cidr": Values._cidr,
    "Fn::ToJsonString": Values._json,
    "Fn::Length": Values._length,
}
_CONDITIONS: Mapping[str, Callable[[Values, Any], bool]] = {
    "Fn::Equals": Values._equal,
    "Fn::Not": lambda values, argument: not values._true(argument[0]),
    "Fn::And": lambda values, argument: all(values._true(item) for item in argument),
    "Fn::Or": lambda values, argument: any(values._true(item) for item in argument),
}


def as_text(value: Any) -> str:
    """Return a value as CloudFormation writes it inside a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(as_text(item) for item in value) if isinstance(value, list) else str(value)


def is_later(value: Any) -> bool:
    """Tell whether a value is not known yet."""
    return isinstance(value, str) and LATER in value


def later_or(text: str) -> str:
    """Return a text, or LATER if it contains a value that is not known yet."""
    return LATER if LATER in text else text
