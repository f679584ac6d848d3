"""What the plans of helm and kustomize share: their text, and whether they can be undone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tasks.domain import wording
from tasks.domain.plan import Action, Change, Reversibility
from tasks.engines.changes import SIGNS, listed

_HOLDS_DATA = frozenset(
    {"v1/Namespace", "v1/PersistentVolume", "v1/PersistentVolumeClaim", "apps/v1/StatefulSet"}
    | {"apiextensions.k8s.io/v1/CustomResourceDefinition"}
)
"""Deleting these loses data that applying an earlier release does not restore."""


def text(changes: Iterable[Change], warnings: Iterable[str] = ()) -> str:
    """Write a line for each object, followed by its differing fields; warnings come last.

    Args:
        changes: the plan's changes.
        warnings: the plan's warnings.
    """
    return listed(changes, _told, warnings)


def reversibility(
    changes: Iterable[Change], protected: bool, protects: Callable[[Change], bool] = lambda _: False
) -> Reversibility:
    """Decide whether changes can be undone.

    Args:
        changes: the plan's changes.
        protected: whether the unit is protected.
        protects: tells whether the object of a change is protected itself.

    Returns:
        IRREVERSIBLE if something protected is deleted or replaced; NEEDS_CARE if something that holds data is; else
        REVERSIBLE.
    """
    gone = [change for change in changes if change.action in (Action.DELETE, Action.REPLACE)]
    if gone and (protected or any(map(protects, gone))):
        return Reversibility.IRREVERSIBLE
    return Reversibility.NEEDS_CARE if any(c.kind in _HOLDS_DATA for c in gone) else Reversibility.REVERSIBLE


def _told(change: Change) -> list[str]:
    head = f"{SIGNS[change.action]} {change.address}"
    return [head, *(f"    {line}" for line in wording.differences(change))] if _is_update(change) else [head]


def _is_update(change: Change) -> bool:
    return change.action in (Action.UPDATE, Action.REPLACE)
