"""Checks the Rules section, which constrains the values of parameters before anything is made.

Source: the user guide, "CloudFormation template Rules syntax" and "Rule-specific intrinsic functions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.sandbox.aws_server.cloudformation.intrinsics import Values, as_text, refuse


def refuse_broken(rules: Mapping[str, Any], values: Values) -> None:
    """Check all rules that apply.

    Raises:
        ValidationError: an assertion of a rule does not hold, or a function is not emulated.
    """
    for name, rule in rules.items():
        if not _holds(rule.get("RuleCondition", True), values):
            continue
        for assertion in rule["Assertions"]:
            if not _holds(assertion["Assert"], values):
                told = assertion.get("AssertDescription", "an assertion does not hold")
                raise refuse(f"Template validation error: {told} (rule {name})")


def _holds(value: Any, values: Values) -> bool:
    if not isinstance(value, Mapping):
        return as_text(value).lower() == "true"
    [(function, argument)] = value.items()
    if function not in _FUNCTIONS:
        raise refuse(f"the sandbox does not emulate {function} in Rules")
    return _FUNCTIONS[function](argument, values)


def _texts(value: Any, values: Values) -> list[str]:
    found = values.resolved(value)
    return [as_text(item) for item in (found if isinstance(found, list) else [found])]


def _contains(argument: Any, values: Values) -> bool:
    return _texts(argument[1], values)[0] in _texts(argument[0], values)


def _each_equals(argument: Any, values: Values) -> bool:
    return all(item == _texts(argument[1], values)[0] for item in _texts(argument[0], values))


def _each_in(argument: Any, values: Values) -> bool:
    return set(_texts(argument[0], values)) <= set(_texts(argument[1], values))


def _equal(argument: Any, values: Values) -> bool:
    return _texts(argument[0], values) == _texts(argument[1], values)


_FUNCTIONS: Mapping[str, Callable[[Any, Values], bool]] = {
    "Fn::Contains": _contains,
    "Fn::EachMemberEquals": _each_equals,
    "Fn::EachMemberIn": _each_in,
    "Fn::Equals": _equal,
    "Fn::And": lambda argument, values: all(_holds(item, values) for item in argument),
    "Fn::Or": lambda argument, values: any(_holds(item, values) for item in argument),
    "Fn::Not": lambda argument, values: not _holds(argument[0], values),
}
