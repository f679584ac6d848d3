"""Fills texts with places, "{X}" or "{X:filter}". Places say which property or attribute a call sends where."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import jmespath

from deployments.sandbox.aws_server.cloudformation.intrinsics import as_text

Scope = Mapping[str, Any]
"""The values that places can name: properties, attributes of the object, `id`, `name`, `account` and `region`."""

_PLACE = re.compile(r"\{([\w.]+)(?::(\w+))?\}")


def filled(value: Any, scope: Scope) -> Any:
    """Return a value with all places replaced. A text that consists of one place becomes its value, of any type."""
    if isinstance(value, Mapping):
        return {key: filled(item, scope) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, scope) for item in value]
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    return _looked_up(whole, scope) if whole else filled_text(value, scope)


def filled_text(text: str, scope: Scope) -> str:
    """Return a text with all places replaced."""
    return _PLACE.sub(lambda found: as_text(_looked_up(found, scope)), text)


def told(path: str, found: Any, scope: Scope) -> Any:
    """Return the value of a text with places, or else what a JMESPath finds in an object."""
    return filled(path, scope) if _PLACE.search(path) else jmespath.search(path, found)


def named(value: Any) -> set[str]:
    """Return the first names in the places of a value: "{A.b}" names A."""
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
