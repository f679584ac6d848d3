"""Apply overrides to violations: which denials they lift, and until when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from tasks.domain.plan import Plan
from tasks.domain.rules import Override, Violation


def applied(
    violations: Iterable[Violation], overrides: Sequence[Override], plan: Plan, now: datetime
) -> tuple[Violation, ...]:
    """Return the violations after the overrides of the plan's target, denials first."""
    mine = [override for override in overrides if _is_for(override, plan)]
    settled = (_settle(violation, mine, now) for violation in violations)
    return tuple(sorted(settled, key=lambda v: (not v.denied, v.policy, v.address, v.message)))


def _is_for(override: Override, plan: Plan) -> bool:
    target = plan.target
    return (override.environment, override.unit) == (target.environment, target.unit)


def _settle(violation: Violation, overrides: Sequence[Override], now: datetime) -> Violation:
    """Apply overrides to a denial: one in force turns it into a warning, an expired one is noted in its message."""
    mine = [o for o in overrides if violation.denied and _lifts(o, violation)]
    if not mine:
        return violation
    latest = max(mine, key=lambda o: o.expires)
    if _in_force(latest, now):
        message = f"{violation.message} (allowed until {latest.expires} by an override: {latest.reason})"
        return Violation(violation.policy, message, violation.address, denied=False)
    message = f"{violation.message} (the override for it expired on {latest.expires}: {latest.reason})"
    return Violation(violation.policy, message, violation.address)


def _lifts(override: Override, violation: Violation) -> bool:
    """Tell whether an override matches a violation: by its exact address, or "*" for a denial of the whole plan."""
    return override.policy == violation.policy and override.address == (violation.address or "*")


def _in_force(override: Override, now: datetime) -> bool:
    """Tell whether an override applies now; `expires` is its last day, in UTC."""
    return now.astimezone(UTC).date().isoformat() <= override.expires
