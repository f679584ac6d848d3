"""Evaluate a template's resources with its parameters, as far as possible without CloudFormation. Pure.

This is needed where no change set is possible: to show what deleting a stack would lose, and what a recreated stack
would contain. A reference to a resource evaluates to UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.domain.values import UNKNOWN
from tasks.engines.cloudformation.documents import declared, has_macros, is_list, parts
from tasks.engines.cloudformation.sources import MOVING
from tasks.yaml11 import as_text

_IN_TEXT = re.compile(r"\$\{(!?)([^}]+)\}")
_NO_VALUE = "AWS::NoValue"
_SCALAR = (str, int, float)
_MALFORMED = (AttributeError, LookupError, TypeError, ValueError)
"""Errors from evaluating a malformed function. CloudFormation reports such a function better."""


_SNAPSHOT_BY_DEFAULT = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
"""Types that CloudFormation takes a snapshot of if they have no policy (user guide, "DeletionPolicy attribute")."""


@dataclass(frozen=True)
class Declared:
    """A resource of a template. `on_deletion`: Delete, Retain, RetainExceptOnCreate, Snapshot, or UNKNOWN."""

    kind: str
    properties: Mapping[str, Any]
    on_deletion: str = "Delete"


def resources(
    document: Mapping[str, Any], parameters: Mapping[str, str | None], pseudo: Mapping[str, str]
) -> dict[str, Declared]:
    """Return the resources that a template declares, by logical id, unless their condition is known not to hold.

    Args:
        document: the template.
        parameters: values by name; None for a value that is not known.
        pseudo: pseudo parameters such as AWS::Region.
    """
    values = _Values(document, parameters, pseudo)
    return {
        name: Declared(
            str(body.get("Type", "")),
            values.of(body.get("Properties") or {}),
            str(values.of(body.get("DeletionPolicy", _usual_policy(body)))),
        )
        for name, body in document["Resources"].items()
        if isinstance(body, Mapping)
        # Fn::ForEach declares resources in a list, which only CloudFormation expands.
        and values.may_hold(body)
    }


def partition_of(region: str) -> tuple[str, str]:
    """Return the partition that a region is in, and the suffix of its services' addresses."""
    if region.startswith("cn-"):
        return "aws-cn", "amazonaws.com.cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws", "amazonaws.com"


def _usual_policy(body: Mapping[str, Any]) -> str:
    """Return the DeletionPolicy of a resource that declares none. An instance of a cluster is restored with it."""
    in_cluster = "DBClusterIdentifier" in (body.get("Properties") or {})
    return "Snapshot" if body.get("Type") in _SNAPSHOT_BY_DEFAULT and not in_cluster else "Delete"


def exports(
    document: Mapping[str, Any], parameters: Mapping[str, str | None], pseudo: Mapping[str, str]
) -> frozenset[str]:
    """Return the export names of a template's outputs; UNKNOWN is among them if a name is not known.

    Args:
        document: the template.
        parameters: values by name; None for a value that is not known.
        pseudo: pseudo parameters such as AWS::Region.
    """
    values = _Values(document, parameters, pseudo)
    outputs = (document.get("Outputs") or {}).values()
    there = [body for body in outputs if isinstance(body, Mapping) and "Export" in body and values.may_hold(body)]
    # Fn::ForEach declares outputs in a list, which only CloudFormation expands.
    rolled = {UNKNOWN for body in outputs if not isinstance(body, Mapping)}
    rolled |= {UNKNOWN} if has_macros(document) else set()
    names = (body["Export"].get("Name") if isinstance(body["Export"], Mapping) else None for body in there)
    return frozenset({*(UNKNOWN if name is None else as_text(values.of(name)) for name in names), *rolled})


class _Values:
    def __init__(
        self, document: Mapping[str, Any], parameters: Mapping[str, str | None], pseudo: Mapping[str, str]
    ) -> None:
        slots = declared(document)
        defaults = {name: slot.get("Default", UNKNOWN) for name, slot in slots.items()}
        given = {name: UNKNOWN if value is None else value for name, value in parameters.items()}
        # The value is only a name; what it resolves to is in Systems Manager.
        moving = {name: UNKNOWN for name, slot in slots.items() if str(slot.get("Type", "")).startswith(MOVING)}
        known = {**defaults, **given, **moving}
        lists = {name: parts(known[name]) for name, slot in slots.items() if is_list(slot) and name in known}
        self._known: dict[str, Any] = {**pseudo, **known, **lists}
        self._conditions = document.get("Conditions") or {}
        self._mappings = document.get("Mappings") or {}
        self._asked: set[str] = set()

    def of(self, value: Any) -> Any:
        """Return a part of the template with its functions evaluated."""
        if isinstance(value, list):
            return [found for item in value if (found := self.of(item)) != _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1 and (name := next(iter(value))) and (name == "Ref" or name.startswith("Fn::")):
            return self._function(name, value[name])
        filled = {key: self.of(item) for key, item in value.items()}
        return {key: item for key, item in filled.items() if item != _NO_VALUE}

    def may_hold(self, body: Mapping[str, Any]) -> bool:
        """Tell whether a resource or output may exist: its condition is not known to be false, or it has none."""
        return "Condition" not in body or self.holds({"Condition": body["Condition"]}) is not False

    def holds(self, condition: Any) -> bool | None:
        """Return whether a condition holds; None if only CloudFormation knows, or would reject it."""
        try:
            return self._held(*next(iter(condition.items())))
        except _MALFORMED:
            return None

    def _held(self, name: str, value: Any) -> bool | None:
        if name == "Condition":
            return self._named(value)
        if name == "Fn::Equals":
            left, right = (self.of(item) for item in value)
            known = isinstance(left, _SCALAR) and isinstance(right, _SCALAR) and UNKNOWN not in (left, right)
            return as_text(left) == as_text(right) if known else None
        found = [self.holds(item) for item in value]
        if None in found:
            return None
        return not found[0] if name == "Fn::Not" else all(found) if name == "Fn::And" else any(found)

    def _named(self, name: str) -> bool | None:
        """Return whether a named condition holds; None for one that refers to itself."""
        if name in self._asked:
            return None
        self._asked.add(name)
        found = self.holds(self._conditions[name])
        self._asked.remove(name)
        return found

    def _function(self, name: str, value: Any) -> Any:
        try:
            return self._called(name, value)
        except _MALFORMED:
            return UNKNOWN

    def _called(self, name: str, value: Any) -> Any:
        if name == "Ref":
            return _NO_VALUE if value == _NO_VALUE else self._known.get(value, UNKNOWN)
        if name == "Fn::Sub":
            return self._substituted(value)
        if name == "Fn::If":
            holds = self.holds({"Condition": value[0]})
            return UNKNOWN if holds is None else self.of(value[1] if holds else value[2])
        if name == "Fn::Join":
            items = self.of(value[1])
            known = isinstance(items, list) and UNKNOWN not in items
            return as_text(value[0]).join(map(as_text, items)) if known else UNKNOWN
        if name == "Fn::FindInMap":
            return self._mapped(*value)
        return UNKNOWN

    def _mapped(self, name: Any, first: Any, second: Any, options: Mapping[str, Any] | None = None) -> Any:
        keys = [as_text(self.of(key)) for key in (name, first, second)]
        default = self.of((options or {}).get("DefaultValue", UNKNOWN))
        if UNKNOWN in keys:
            return UNKNOWN
        return self._mappings.get(keys[0], {}).get(keys[1], {}).get(keys[2], default)

    def _substituted(self, value: Any) -> str:
        text, own = (value, {}) if isinstance(value, str) else value
        names = {**self._known, **{key: self.of(item) for key, item in own.items()}}
        found = {name: names.get(name, UNKNOWN) for literal, name in _IN_TEXT.findall(text) if not literal}
        if not all(isinstance(item, _SCALAR) and item != UNKNOWN for item in found.values()):
            return UNKNOWN
        return _IN_TEXT.sub(lambda m: f"${{{m[2]}}}" if m[1] else as_text(found[m[2]]), text)
