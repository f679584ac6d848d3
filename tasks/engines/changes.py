"""What engines that plan for themselves have in common: how changes are listed. Pure."""

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


def listed(changes: Iterable[Change], told: Callable[[Change], Sequence[str]], warnings: Iterable[str] = ()) -> str:
    """A plan's own text: what is `told` of each change, a line each; warnings last."""
    lines = [line for change in changes for line in told(change)]
    return "\n".join([*(lines or ["No changes."]), *(f"! {warning}" for warning in warnings)])
