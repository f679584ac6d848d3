"""Prints a plan on the terminal, and converts plans for `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.cli import screen
from tasks.domain import wording
from tasks.domain.plan import Plan
from tasks.promotion.adoption import Adopted
from tasks.promotion.planning import NotPlanned


def show(unit: str, made: Plan) -> None:
    """Print a unit's plan: a line for each change and each remark."""
    screen.result(f"{unit}: {wording.counts(made)} ({made.reversibility.value})")
    for change in made.changes:
        screen.result(f"  {change.action.value:8}{change.address}{f' ({change.note})' if change.note else ''}")
        for line in wording.differences(change) if change.action.value == "update" else ():
            screen.result(f"            {line}")
    for remark in wording.remarks(made):
        screen.result(f"  ! {remark}")


def adoption(one: Adopted) -> str:
    """Return what was recorded of a unit, or what its release would import."""
    if one.baseline:
        return f"adopted {one.baseline.description}"
    there = ", ".join(each.address for each in one.plan.imports) if one.plan else ""
    return f"nothing is recorded; the next promotion imports {there}"


def adopted(one: Adopted) -> dict[str, Any]:
    """Return a unit that `adopt` found, for `--json`."""
    imports = [each.address for each in one.plan.imports] if one.plan else []
    return {"baseline": one.baseline, "counts": one.plan.counts if one.plan else None, "imports": imports}


def documents(plans: Mapping[str, Plan | NotPlanned]) -> dict[str, Any]:
    """Return the plans of all units for `--json`."""
    return {
        unit: {
            "counts": made.counts,
            "reversibility": made.reversibility,
            "digest": made.digest,
            "changes": made.changes,
            "outputs": made.output_changes,
            "unknown": made.unknown,
            "warnings": made.warnings,
        }
        if isinstance(made, Plan)
        else {"why": made.why, "later": made.later}
        for unit, made in plans.items()
    }
