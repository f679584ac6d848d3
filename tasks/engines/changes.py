"""List changes as text, for engines whose tool has no plan text of its own. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tasks.domain.plan import Action, Change

SIGNS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "±",
    Action.DELETE: "-",
    Action.IMPORT: "=",
    Action.FORGET: ".",
}


def listed(
    changes: Iterable[Change], lines_of: Callable[[Change], Sequence[str]], warnings: Iterable[str] = ()
) -> str:
    """Format a plan: the lines of each change, or "No changes.", then the warnings.

    Args:
        changes: the changes, in order.
        lines_of: returns the lines of one change.
        warnings: what approvers should know.
    """
    lines = [line for change in changes for line in lines_of(change)]
    return "\n".join([*(lines or ["No changes."]), *(f"! {warning}" for warning in warnings)])
