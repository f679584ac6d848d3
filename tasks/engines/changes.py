"""What engines that plan for themselves have in common: how changes are listed, and turned round. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tasks.domain.plan import Action, Change

SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.REPLACE: "±", Action.DELETE: "-"}

_TURNED = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}


def listed(changes: Iterable[Change], told: Callable[[Change], Sequence[str]], warnings: Iterable[str] = ()) -> str:
    """A plan's own text: what is `told` of each change, a line each; warnings last."""
    lines = [line for change in changes for line in told(change)]
    return "\n".join([*(lines or ["No changes."]), *(f"! {warning}" for warning in warnings)])


def without(changes: Iterable[Change], residual: Iterable[Change]) -> tuple[Change, ...]:
    """The changes but for those in `residual`, which the tool reports though nobody touched anything.

    A residual difference counts in both directions: as drift (`before` is what was applied) and as what a plan would
    still change.
    """
    known = [*residual, *map(the_other_way, residual)]
    return tuple(change for change in changes if change not in known)


def the_other_way(change: Change) -> Change:
    """From what was done to what would put it right, and back: what was deleted would be created."""
    action = _TURNED.get(change.action, change.action)
    return replace(change, action=action, before=change.after, after=change.before)
