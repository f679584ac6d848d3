"""Decide which verified releases a rollback can return to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tasks.domain.errors import InvalidInput


def earlier(verified: Sequence[str], current: str | None) -> tuple[str, ...]:
    """Return the releases that were verified before the current one, newest first, each once.

    The last verification of each release counts: a release that was returned to is newer than the one it replaced.
    """
    return tuple(release for release in dict.fromkeys(reversed(verified)) if release != current)


def rollback_target(
    environment: str, verified: Sequence[str], current: str | None, rejected: Collection[str], to: str | None = None
) -> str:
    """Return the release that a rollback of an environment returns to.

    Args:
        environment: its name, for messages.
        verified: the ids of all releases verified there, oldest first.
        current: the id of the release that is there now.
        rejected: the ids rejected there; a rollback rejects the release that it leaves.
        to: the id that an operator chose; None chooses the newest before `current` that is not rejected.

    Raises:
        InvalidInput: there is no such release, or `to` was never verified there.
    """
    before = earlier(verified, current)
    if to is None:
        good = [release for release in before if release not in rejected]
        if not good:
            raise InvalidInput(
                f"{environment}: no release to roll back to; only {current} was verified here and not rejected"
            )
        return good[0]
    if to not in before:
        known = ", ".join(before) or "none"
        raise InvalidInput(f"{environment}: {to} was not verified here before {current}; choose one of: {known}")
    return to
