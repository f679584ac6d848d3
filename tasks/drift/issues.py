"""Builds one GitHub issue for each unit with drift: opened once, updated, closed when the drift is gone. Pure.

This module defines what each issue should contain; `tasks.github` makes GitHub match it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from tasks.domain import wording
from tasks.domain.drift import DriftedObject
from tasks.drift import descriptions
from tasks.drift.reports import DriftReport

LONGEST = 60_000
"""Maximum characters of the objects in an issue; GitHub limits the whole text to 65,536."""

_LONGEST_VALUE = 1_000


@dataclass(frozen=True)
class Issue:
    """The desired state of an issue. `key` identifies it; without a `body`, it should be closed."""

    key: str
    title: str
    body: str | None


def issues(report: DriftReport) -> tuple[Issue, ...]:
    """Return one issue for each unit that was compared; suppressed drift is left out.

    Units that did not respond have no issue here, so their existing issues stay unchanged.
    """
    return tuple(_issue(report, unit) for unit in report.units)


def _issue(report: DriftReport, unit: str) -> Issue:
    drifted = [item for item in report.open if item.unit == unit]
    title = f"Drift: {unit} in {report.environment}"
    return Issue(f"drift/{report.environment}/{unit}", title, _body(report, unit, drifted) if drifted else None)


def _body(report: DriftReport, unit: str, drifted: Sequence[DriftedObject]) -> str:
    drift = f"{wording.number(len(drifted), 'object')} drifted"
    head = f"`{unit}` in **{report.environment}** is not as it was applied: {drift}."
    foot = (
        f"Run `flowmart reconcile {report.environment}`, change the code to match, or suppress the drift until a "
        "date in `infrastructure/drift.yaml`. This issue is closed when a report finds no drift in this unit."
    )
    return "\n\n".join([head, *_fitting([_object(item) for item in drifted]), foot]) + "\n"


def _fitting(parts: Sequence[str]) -> Sequence[str]:
    """Return as many whole parts as fit, followed by the number of parts left out."""
    fitting = sum(end <= LONGEST for end in accumulate(len(part) for part in parts))
    left = len(parts) - fitting
    return [
        *parts[:fitting],
        *([f"... and {wording.number(left, 'object')} more; `flowmart drift` lists all"] if left else []),
    ]


def _object(item: DriftedObject) -> str:
    values = [line for path in item.expected for line in _value(path, item)]
    block = ["", "```", *values, "```"] if values else []
    return "\n".join([f"### {item.told[0]}", "", f"- first seen {descriptions.when(item)}", *block])


def _value(path: str, item: DriftedObject) -> tuple[str, ...]:
    return (path, f"  expected {_short(item.expected[path])}", f"  found    {_short(item.found.get(path))}")


def _short(value: object) -> str:
    text = wording.short(value).replace("```", "` ` `")
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
