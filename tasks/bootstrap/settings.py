"""Reads the settings of an account, and writes only those that differ, so that a second run changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Setting:
    """One desired setting. `read` returns the current value, None if there is none; `write` makes it `right`."""

    name: str
    read: Callable[[], Any]
    right: Any
    write: Callable[[], Any]


@dataclass(frozen=True)
class AppliedSetting:
    """The result for one setting: "created", "corrected" or "already right"."""

    name: str
    done: str

    def __str__(self) -> str:
        return f"{self.name}: {self.done}"


def settle(setting: Setting) -> AppliedSetting:
    """Read a setting, and write it if it is not right."""
    found = setting.read()
    if _normal(found) == _normal(setting.right):
        return AppliedSetting(setting.name, "already right")
    setting.write()
    return AppliedSetting(setting.name, "created" if found is None else "corrected")


def reader(ask: Callable[..., Any], arguments: Mapping[str, str], value: Callable[[Any], Any]) -> Callable[[], Any]:
    """Return a function that reads a value, or None if AWS reports that the resource does not exist."""

    def read() -> Any:
        try:
            return value(ask(**arguments))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "404" or code.startswith("NoSuch") or code.endswith(("NotFoundError", "NotFoundException")):
                return None
            raise

    return read


def _normal(value: Any) -> Any:
    """Return `value` in a normal form, because AWS unwraps one-element lists and reorders lists."""
    if isinstance(value, Mapping):
        return {key: _normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        inner = sorted((_normal(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return inner[0] if len(inner) == 1 else inner
    return value
