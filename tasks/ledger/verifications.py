"""What was verified in an environment, in order: which releases a rollback can return to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tasks.domain.errors import InvalidInput


def earlier(verified: Sequence[str], current: str | None) -> tuple[str, ...]:
    """The releases that were verified before the current one, the last one first, each once.

    Counted from the last time that each was verified: where an earlier release came back, what it replaced is before
    it.
    """
    return tuple(release for release in dict.fromkeys(reversed(verified)) if release != current)


def rollback_target(
    environment: str, verified: Sequence[str], current: str | None, rejected: Collection[str], to: str | None = None
) -> str:
    """The release that a rollback of an environment goes to.

    Args:
        environment: for messages.
        verified: what was verified there, oldest first, each time.
        current: what is there now.
        rejected: what was rejected there; a rollback rejects the release that it leaves.
        to: the release that a person asks for; without it, the last one before `current` that is not rejected.

    Raises:
        InvalidInput: There is no such release, or `to` was never verified there.
    """
    before = earlier(verified, current)
    if to is None:
        good = [release for release in before if release not in rejected]
        if not good:
            raise InvalidInput(
                f"{environment}: nothing to go back to; no release but {current} was verified here and not rejected"
            )
        return good[0]
    if to not in before:
        known = ", ".join(before) or "none"
        raise InvalidInput(f"{environment}: {to} was not verified here before {current}; these were: {known}")
    return to
