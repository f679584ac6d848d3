"""Checks the parameters of a template, and computes the values that Ref returns for them.

Source: the user guide, "CloudFormation template Parameters syntax".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.intrinsics import LATER, NOTHING, as_text, is_later, refuse

_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")

Slots = Mapping[str, Mapping[str, Any]]


def refuse_wrong(slots: Slots, given: Mapping[str, str]) -> None:
    """Check the values of parameters.

    Args:
        slots: the declared parameters.
        given: {parameter: the value that the request sets}.

    Raises:
        ValidationError: a parameter is missing, unknown or not allowed.
    """
    missing = [name for name, slot in slots.items() if "Default" not in slot and name not in given]
    if missing:
        raise refuse(f"Parameters: [{', '.join(missing)}] must have values")
    unknown = [name for name in given if name not in slots]
    if unknown:
        raise refuse(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for name, slot in slots.items():
        # Constraints apply to defaults too.
        value = given[name] if name in given else as_text(slot["Default"])
        if why := unfit(slot, value):
            raise refuse(f"Parameter '{name}' {why}")


def values(slots: Slots, given: Mapping[str, str], lookup: Callable[[str], str]) -> dict[str, Any]:
    """Return {parameter: the value that Ref returns} for all parameters with a value; lists for list types.

    Args:
        slots: the declared parameters.
        given: {parameter: the value that the request sets}.
        lookup: returns the value of a parameter in Systems Manager, given its name.
    """
    texts = {name: given.get(name, slot.get("Default")) for name, slot in slots.items()}
    return {
        name: _value(str(slots[name].get("Type", "String")), text, lookup)
        for name, text in texts.items()
        if text is not None
    }


def as_output(name: str, value: Any) -> str:
    """Return the value of an output, which is always text.

    Raises:
        ValidationError: it is left out or a structure.
    """
    if value is NOTHING or isinstance(value, Mapping):
        told = "The Value field of every Outputs member must evaluate to a String."
        raise refuse(f"Template format error: Output {name} is malformed. {told}")
    return as_text(value)


def _value(kind: str, value: Any, lookup: Callable[[str], str]) -> Any:
    text = as_text(value)
    if is_later(text):
        return LATER
    if kind.startswith("AWS::SSM::Parameter::Value<"):
        found = lookup(text)
        return _split(found) if "List" in kind else found
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return _split(text)
    # Where a number is part of a text, it is as it is written: 030 and 1.50 stay texts.
    return int(text) if kind == "Number" and _WHOLE.fullmatch(text) else text


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def unfit(slot: Mapping[str, Any], value: str) -> str:
    """Tell why AWS rejects the value of a parameter.

    Returns:
        The reason; empty if the value is accepted or not known yet.
    """
    if is_later(value):
        return ""
    allowed = [as_text(option) for option in slot.get("AllowedValues", ())]
    kind = str(slot.get("Type"))
    parts = _split(value) if kind == "CommaDelimitedList" or kind.startswith("List<") else [value]
    for part in parts:
        if allowed and part not in allowed:
            return f"must be one of AllowedValues{_told(slot)}"
        if "AllowedPattern" in slot and not _matches(str(slot["AllowedPattern"]), part):
            return f"must match pattern {slot['AllowedPattern']}{_told(slot)}"
    if not int(slot.get("MinLength", 0)) <= len(value) <= int(slot.get("MaxLength", len(value))):
        lengths = f"at least {slot.get('MinLength', 0)} and at most {slot.get('MaxLength', 'any')} characters"
        return f"must contain {lengths}"
    if kind not in ("Number", "List<Number>"):
        return ""
    return next((why for part in parts if (why := _unfit_number(slot, part))), "")


def _unfit_number(slot: Mapping[str, Any], value: str) -> str:
    if not _NUMBER.fullmatch(value):
        return "must be a number"
    number = float(value)
    lowest, highest = float(slot.get("MinValue", number)), float(slot.get("MaxValue", number))
    return "" if lowest <= number <= highest else f"must be a number from {lowest:g} to {highest:g}{_told(slot)}"


def _matches(pattern: str, value: str) -> bool:
    """Tell whether a value matches a pattern. A pattern that is valid only in Java matches everything."""
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True


def _told(slot: Mapping[str, Any]) -> str:
    return f": {slot['ConstraintDescription']}" if "ConstraintDescription" in slot else ""
