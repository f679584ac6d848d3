"""Checks the form of function calls in templates before anything is resolved. Pure.

Source: the user guide, "Intrinsic function reference". The messages are AWS's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.intrinsics import refuse

Check = Callable[[Any], bool]


def refuse_misused(value: Any, extended: bool) -> None:
    """Check the form of every function call in a part of a template.

    Args:
        value: a part of a template.
        extended: whether the template has the transform AWS::LanguageExtensions.

    Raises:
        ValidationError: a function is called in a form that AWS rejects; the message is about the first one.
    """
    if isinstance(value, list):
        for item in value:
            refuse_misused(item, extended)
        return
    if not isinstance(value, Mapping):
        return
    for name, argument in value.items():
        if len(value) == 1 and name in _FORMS:
            _refuse(name, argument, extended)
        refuse_misused(argument, extended)


def _refuse(name: str, argument: Any, extended: bool) -> None:
    fits, told = _FORMS[name]
    if not fits(argument):
        raise refuse(f"Template error: {told}")
    if extended:
        return
    if name in _EXTENSIONS or (name == "Fn::FindInMap" and len(argument) > 3):
        raise refuse(f"Template format error: {name} needs Transform: AWS::LanguageExtensions")
    if name == "Ref" and not isinstance(argument, str):
        raise refuse(f"Template error: {told}")


def _of(least: int, most: int) -> Check:
    return lambda argument: isinstance(argument, list) and least <= len(argument) <= most


def _is_join(argument: Any) -> bool:
    return _of(2, 2)(argument) and isinstance(argument[0], str) and isinstance(argument[1], list | Mapping)


def _is_substitution(argument: Any) -> bool:
    if isinstance(argument, list):
        return len(argument) == 2 and isinstance(argument[0], str) and isinstance(argument[1], Mapping)
    return isinstance(argument, str)


def _is_attribute(argument: Any) -> bool:
    if isinstance(argument, str):
        return "." in argument.strip(".")
    return isinstance(argument, list) and len(argument) > 1 and all(argument)


def _is_text(argument: Any) -> bool:
    return isinstance(argument, str | int | float) or _is_call(argument)


def _is_call(argument: Any) -> bool:
    return isinstance(argument, Mapping) and len(argument) == 1


def _is_choice(argument: Any) -> bool:
    return _of(3, 3)(argument) and isinstance(argument[0], str)


_SEVERAL = "requires a list of at least 2 and at most 10 boolean parameters."
_FORMS: Mapping[str, tuple[Check, str]] = {
    "Ref": (
        lambda argument: isinstance(argument, str | Mapping),
        "every Ref object must have a single String value.",
    ),
    "Fn::And": (_of(2, 10), f"every Fn::And object {_SEVERAL}"),
    "Fn::Base64": (_is_text, "every Fn::Base64 object must have a String-typed value."),
    "Fn::Cidr": (_of(2, 3), "every Fn::Cidr object requires an IP block, a count and, optionally, a number of bits."),
    "Fn::Equals": (_of(2, 2), "every Fn::Equals object requires a list of 2 string parameters."),
    "Fn::FindInMap": (
        _of(3, 4),
        "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return "
        "value",
    ),
    "Fn::GetAtt": (
        _is_attribute,
        "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
    ),
    "Fn::If": (_is_choice, "Fn::If requires a list argument with three elements"),
    "Fn::ImportValue": (
        _is_text,
        "the attribute in Fn::ImportValue must be a string or a function that returns a string",
    ),
    "Fn::Join": (
        _is_join,
        "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be "
        "joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
    ),
    "Fn::Length": (lambda found: isinstance(found, list) or _is_call(found), "Fn::Length layout is incorrect"),
    "Fn::Not": (_of(1, 1), "every Fn::Not object requires one boolean parameter."),
    "Fn::Or": (_of(2, 10), f"every Fn::Or object {_SEVERAL}"),
    "Fn::Select": (
        _of(2, 2),
        "Fn::Select requires a list argument with two elements: an integer index and a list",
    ),
    "Fn::Split": (
        _of(2, 2),
        "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a "
        "function that returns a string to be split.",
    ),
    "Fn::Sub": (
        _is_substitution,
        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first "
        "argument, and an optional second argument to specify a mapping of values to replace in the string",
    ),
    "Fn::ToJsonString": (
        lambda argument: isinstance(argument, list | Mapping),
        "Fn::ToJsonString layout is incorrect",
    ),
}
"""{function: a check of its argument, and AWS's message if the check fails}."""

_EXTENSIONS = ("Fn::Length", "Fn::ToJsonString")
