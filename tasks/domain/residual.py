"""Residual differences: what a tool reports right after a good apply, though nobody touched anything. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.domain.plan import Change
from tasks.domain.values import digest_of


def drift_beyond(residual: Iterable[Change], found: Iterable[Change]) -> tuple[Change, ...]:
    """The drift in `found` but for what was found just so, with the same values, right after the apply."""
    known = {_value(change) for change in residual}
    return tuple(change for change in found if _value(change) not in known)


def differences_beyond(residual: Iterable[Change], found: Iterable[Change]) -> tuple[Change, ...]:
    """What a verification found but for what is always found, whatever its values are: they may be new each time.

    A residual difference was seen as drift. A verification may see it the other way round, as what is still to do.
    """
    known = {_identity(each) for change in residual for each in (change, change.reversed)}
    return tuple(change for change in found if _identity(change) not in known)


def _value(change: Change) -> str:
    return digest_of([change.address, change.after])


def _identity(change: Change) -> tuple[object, ...]:
    return (change.address, change.action, change.attributes)
