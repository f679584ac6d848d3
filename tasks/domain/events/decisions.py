"""Events about plans, and about whether they may be applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tasks.domain.events.base import Event, UnitEvent
from tasks.domain.rules import Violation


@dataclass(frozen=True, kw_only=True)
class UnitPlanned(UnitEvent):
    """What a plan would do: changes by action, whether outputs change, how much is unknown; and the plan's digest."""

    kind: ClassVar[str] = "planned"
    counts: Mapping[str, int]
    changes_outputs: bool = False
    digest: str = ""
    unknown: int = 0


@dataclass(frozen=True, kw_only=True)
class PlanDenied(UnitEvent):
    """Policies denied a plan."""

    kind: ClassVar[str] = "denied"
    findings: tuple[Violation, ...]


@dataclass(frozen=True, kw_only=True)
class ApprovalRequested(Event):
    """A plan set waits for a decision until `expires`. `units` maps each unit to what its plan does, in words.

    `count` different people have to approve it, `because` says why they are asked. `rehearsal` is what was known of a
    rehearsed rollback then; "" in an environment for which none is rehearsed.
    """

    kind: ClassVar[str] = "approval_wanted"
    release: str
    plan_set: str
    units: Mapping[str, str]
    author: str
    expires: str
    approvers: tuple[str, ...]
    identity: str
    purpose: str
    count: int = 1
    because: str = ""
    rehearsal: str = ""


@dataclass(frozen=True, kw_only=True)
class PlanSetDecision(Event):
    """The base of both decisions: by whom, how ("command line"), proven by what identity, and why."""

    release: str
    plan_set: str
    by: str
    how: str
    identity: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PlanSetApproved(PlanSetDecision):
    """A person approved a plan set."""

    kind: ClassVar[str] = "approved"


@dataclass(frozen=True, kw_only=True)
class PlanSetRefused(PlanSetDecision):
    """A person refused a plan set."""

    kind: ClassVar[str] = "refused"


@dataclass(frozen=True, kw_only=True)
class EnvironmentFrozen(Event):
    """A person closed the environment to promotions. `until` is the last day (UTC, YYYY-MM-DD), if there is one."""

    kind: ClassVar[str] = "frozen"
    reason: str
    until: str | None = None


@dataclass(frozen=True, kw_only=True)
class EnvironmentThawed(Event):
    """A person opened the environment again."""

    kind: ClassVar[str] = "thawed"
    reason: str


@dataclass(frozen=True, kw_only=True)
class ClosureOverridden(Event):
    """A promotion went ahead although the environment was closed (`why`), for a `reason`."""

    kind: ClassVar[str] = "closure_overridden"
    release: str
    why: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class DriftAccepted(Event):
    """A promotion went ahead over drift of these objects, for a `reason`."""

    kind: ClassVar[str] = "drift_accepted"
    release: str
    objects: tuple[str, ...]
    reason: str
