"""Texts with places, "{X}" or "{X:filter}": what tells calls which property or attribute goes where."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import jmespath

from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text

Scope = Mapping[str, Any]
"""What places can name: properties, attributes of the object, and `id`, `name`, `account`, `region`."""

_PLACE = re.compile(r"\{([\w.]+)(?::(\w+))?\}")


def filled(value: Any, scope: Scope) -> Any:
    """A value with every place in it replaced; a text that is nothing but a place becomes what is there."""
    if isinstance(value, Mapping):
        return {key: filled(item, scope) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, scope) for item in value]
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    return _looked_up(whole, scope) if whole else filled_text(value, scope)


def filled_text(text: str, scope: Scope) -> str:
    """A text with every place in it replaced."""
    return _PLACE.sub(lambda found: as_text(_looked_up(found, scope)), text)


def told(path: str, found: Any, scope: Scope) -> Any:
    """What a JMESPath finds; what a text with places comes to."""
    return filled(path, scope) if _PLACE.search(path) else jmespath.search(path, found)


def named(value: Any) -> set[str]:
    """The first names in the places of a value: "{A.b}" names A."""
    return {name.partition(".")[0] for name, _ in _PLACE.findall(str(value))}


def _looked_up(place: re.Match[str], scope: Scope) -> Any:
    found: Any = scope
    for part in [place[1]] if place[1] in scope else place[1].split("."):
        found = found[int(part) if isinstance(found, list) else part]
    return _FILTERS[place[2]](found) if place[2] else found


_FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "base": lambda path: path.rpartition("/")[2],
    "decoded": lambda text: base64.b64decode(text).decode(),
    "json": json.dumps,
    "kebab": lambda text: re.sub(r"(?<=.)(?=[A-Z])", "-", text).lower(),
    "last": lambda arn: arn.rpartition(":")[2],
    "lower": lambda text: text.lower(),
    "settings": lambda parameters: [
        {"ParameterName": key, "ParameterValue": as_text(value), "ApplyMethod": "pending-reboot"}
        for key, value in parameters.items()
    ],
    "tail": lambda arn: arn.partition("/")[2],
}
