"""Decides which drifted objects a release suppresses, and which of its suppressions have no effect. Pure.

An object is suppressed only if all its differences are covered: a known one must not hide another one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from tasks.domain.drift import DriftedObject, Idle
from tasks.domain.rules import Suppression

_WHOLE_OBJECT = ""
"""Replaces an attribute's path if the whole object is new or gone."""


def settle(item: DriftedObject, suppressions: Sequence[Suppression], today: date) -> DriftedObject:
    """Return the object with the end and reason of its suppression.

    Both are empty unless suppressions in force cover all its differences.
    """
    mine = [each for each in suppressions if in_force(each, today) and is_about(each, item)]
    covering = [_covering(path, mine) for path in item.attributes or (_WHOLE_OBJECT,)]
    found = [each for each in covering if each is not None]
    if len(found) < len(covering):
        return replace(item, until="", reason="")
    reasons = dict.fromkeys(each.reason for each in found)
    return replace(item, until=min(each.expires for each in found), reason="; ".join(reasons))


def idle(
    suppressions: Sequence[Suppression], drifted: Sequence[DriftedObject], compared: Collection[str], today: date
) -> tuple[Idle, ...]:
    """Return the suppressions that have expired, or that match nothing in the `compared` units, with the reason."""
    found = ((each, _why_idle(each, drifted, compared, today)) for each in suppressions)
    return tuple(Idle(each.unit, each.address, each.reason, why) for each, why in found if why)


def in_force(suppression: Suppression, today: date) -> bool:
    """Tell whether a suppression applies on a day (UTC); `expires` is its last day."""
    return today.isoformat() <= suppression.expires


def is_about(suppression: Suppression, item: DriftedObject) -> bool:
    """Tell whether a suppression matches an object. `*` is the only wildcard, because addresses contain brackets."""
    pattern = ".*".join(re.escape(part) for part in suppression.address.split("*"))
    return suppression.unit == item.unit and re.fullmatch(pattern, item.address, re.DOTALL) is not None


def _covering(path: str, suppressions: Sequence[Suppression]) -> Suppression | None:
    covering = [each for each in suppressions if _covers(each, path)]
    return max(covering, key=lambda each: each.expires, default=None)


def _covers(suppression: Suppression, path: str) -> bool:
    below = (path == name or path.startswith(f"{name}.") for name in suppression.attributes)
    return not suppression.attributes or any(below)


def _why_idle(
    suppression: Suppression, drifted: Sequence[DriftedObject], compared: Collection[str], today: date
) -> str:
    if not in_force(suppression, today):
        return f"expired on {suppression.expires}"
    paths = [path for item in drifted if is_about(suppression, item) for path in item.attributes or (_WHOLE_OBJECT,)]
    if suppression.unit in compared and not any(_covers(suppression, path) for path in paths):
        return "matches nothing"
    return ""
