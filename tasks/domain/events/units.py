"""Events about one unit: applied, checked, rolled back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tasks.domain.events.base import UnitEvent
from tasks.domain.outcome import CheckResult, Outcome, Progress
from tasks.domain.plan import Change, StateChange
from tasks.domain.release import Baseline, Receipt


@dataclass(frozen=True, kw_only=True)
class UnitApplying(UnitEvent):
    """The apply of a plan (its digest) is about to begin.

    `creates` are the addresses that the plan creates or replaces: all that a rollback may delete. `baseline` is what
    existed already of a unit that was never applied by us. `state_changes` is what the plan changes in what the tool
    remembers.
    """

    kind: ClassVar[str] = "applying"
    plan: str
    creates: tuple[str, ...] = ()
    baseline: Baseline | None = None
    state_changes: tuple[StateChange, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnitApplied(UnitEvent):
    """The apply succeeded. `id` and `at` of the receipt are empty here: they are the entry's."""

    kind: ClassVar[str] = "applied"
    receipt: Receipt


@dataclass(frozen=True, kw_only=True)
class UnitApplyFailed(UnitEvent):
    """The tool rejected the apply."""

    kind: ClassVar[str] = "apply_failed"
    detail: str


@dataclass(frozen=True, kw_only=True)
class UnitUnanswered(UnitEvent):
    """An apply or a rollback got no answer: how far it got is not known yet."""

    kind: ClassVar[str] = "unanswered"
    detail: str


@dataclass(frozen=True, kw_only=True)
class UnitObserved(UnitEvent):
    """What is there after an unanswered apply or rollback."""

    kind: ClassVar[str] = "observed"
    progress: Progress
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class UnitSmoked(UnitEvent):
    """The smoke checks ran on what was applied."""

    kind: ClassVar[str] = "smoked"
    outcome: Outcome
    results: tuple[CheckResult, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnitSettled(UnitEvent):
    """The differences that the tool reports right after a good apply, though nobody touched anything."""

    kind: ClassVar[str] = "settled"
    residual: tuple[Change, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnitAdopted(UnitEvent):
    """`flowmart adopt` recorded what exists of a unit; `counts` is what the release would change in it."""

    kind: ClassVar[str] = "adopted"
    baseline: Baseline
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class UnitRolledBack(UnitEvent):
    """The unit is back on `receipt`; None: it was removed. `kept`: why it had to stay as it is instead."""

    kind: ClassVar[str] = "rolled_back"
    receipt: Receipt | None
    kept: str = ""


@dataclass(frozen=True, kw_only=True)
class UnitRollbackFailed(UnitEvent):
    """The rollback of a unit failed: the environment is blocked until a person resolves it."""

    kind: ClassVar[str] = "rollback_failed"
    why: str
