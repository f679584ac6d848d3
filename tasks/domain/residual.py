"""Filters residual differences: what a tool still reports right after a successful apply. Pure.

A residual difference is not drift, because nobody changed anything.
"""

from __future__ import annotations

from collections.abc import Iterable

from tasks.domain.plan import Change
from tasks.domain.values import digest_of


def drift_beyond(residual: Iterable[Change], found: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes in `found` that were not already reported, with the same values, right after the apply."""
    known = {_value(change) for change in residual}
    return tuple(change for change in found if _value(change) not in known)


def differences_beyond(residual: Iterable[Change], found: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes of a verification that are not residual. Values are ignored: they may differ every time.

    A residual difference was recorded as drift. A verification may report it in reverse, as a change that is still to
    be made.
    """
    known = {_identity(each) for change in residual for each in (change, change.reversed)}
    return tuple(change for change in found if _identity(change) not in known)


def _value(change: Change) -> str:
    return digest_of([change.address, change.after])


def _identity(change: Change) -> tuple[object, ...]:
    return (change.address, change.action, change.attributes)
