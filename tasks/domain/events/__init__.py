"""What can happen in an environment: one frozen dataclass for each kind of ledger entry. Data, no effects.

An event is written once and read for ever. `kind` and `version` stand beside its fields in the entry, and `decode`
accepts only what it knows completely. Who caused an event, when and in which run belongs to the entry, not to it.

Changing a class changes what is in the store: raise its `version`, and keep reading the earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.domain import records
from tasks.domain.errors import UnreadableRecord
from tasks.domain.events.analyses import (
    AnalysesOmitted,
    AnalysisEnded,
    EnvironmentContinued,
    EnvironmentPaused,
    IncidentAccepted,
)
from tasks.domain.events.base import (
    Event,
    UnitEvent,
)
from tasks.domain.events.claims import (
    ClaimClosed,
    ClaimTakenOver,
    EnvironmentClaimed,
    FixDeclared,
    UnitsOmitted,
)
from tasks.domain.events.decisions import (
    ApprovalRequested,
    ClosureOverridden,
    DriftAccepted,
    EnvironmentFrozen,
    EnvironmentThawed,
    PlanDenied,
    PlanSetApproved,
    PlanSetDecision,
    PlanSetRefused,
    UnitPlanned,
)
from tasks.domain.events.environments import (
    DriftReported,
    EnvironmentInterrupted,
    EnvironmentResolved,
    EnvironmentRestored,
    EnvironmentRollingBack,
    ReleaseRejected,
    ReleaseVerified,
)
from tasks.domain.events.rehearsals import RollbackRehearsed
from tasks.domain.events.units import (
    UnitAdopted,
    UnitApplied,
    UnitApplyFailed,
    UnitApplying,
    UnitObserved,
    UnitRollbackFailed,
    UnitRolledBack,
    UnitSettled,
    UnitSmoked,
    UnitUnanswered,
)

__all__ = [
    "KINDS",
    "AnalysesOmitted",
    "AnalysisEnded",
    "ApprovalRequested",
    "ClaimClosed",
    "ClaimTakenOver",
    "ClosureOverridden",
    "DriftAccepted",
    "DriftReported",
    "EnvironmentClaimed",
    "EnvironmentContinued",
    "EnvironmentFrozen",
    "EnvironmentInterrupted",
    "EnvironmentPaused",
    "EnvironmentResolved",
    "EnvironmentRestored",
    "EnvironmentRollingBack",
    "EnvironmentThawed",
    "Event",
    "FixDeclared",
    "IncidentAccepted",
    "PlanDenied",
    "PlanSetApproved",
    "PlanSetDecision",
    "PlanSetRefused",
    "ReleaseRejected",
    "ReleaseVerified",
    "RollbackRehearsed",
    "UnitAdopted",
    "UnitApplied",
    "UnitApplyFailed",
    "UnitApplying",
    "UnitEvent",
    "UnitObserved",
    "UnitPlanned",
    "UnitRollbackFailed",
    "UnitRolledBack",
    "UnitSettled",
    "UnitSmoked",
    "UnitUnanswered",
    "UnitsOmitted",
    "decode",
    "encode",
]


def _leaves(base: type[Event]) -> tuple[type[Event], ...]:
    below = [leaf for each in base.__subclasses__() for leaf in _leaves(each)]
    return (base, *below) if base.kind else tuple(below)


KINDS: Mapping[str, type[Event]] = {leaf.kind: leaf for leaf in _leaves(Event)}
"""Every kind of event there is."""


def encode(event: Event) -> dict[str, Any]:
    """The fields of an event, as JSON has them; `kind` and `version` are the event's own."""
    body: dict[str, Any] = records.encode(event)
    return body


def decode(kind: str, version: int, body: Any, where: str = "") -> Event:
    """The event that an entry holds.

    Args:
        kind: the entry's kind.
        version: the version of that kind under which it was written.
        body: its fields.
        where: the entry, for messages: "staging/17".

    Raises:
        UnreadableRecord: This version of the product does not know the kind, the version, or one of the fields.
    """
    named = f"{where} ({kind})" if where else kind
    known = KINDS.get(kind)
    if known is None:
        raise UnreadableRecord(f"{named}: unknown kind of entry; {records.ELSEWHERE}")
    if version != known.version:
        raise UnreadableRecord(f"{named}: version {version} is unknown; {records.ELSEWHERE}")
    return records.decode(known, body, named)
