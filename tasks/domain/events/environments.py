"""Events about an environment as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tasks.domain.drift import DriftedObject, Idle
from tasks.domain.events.base import Event


@dataclass(frozen=True, kw_only=True)
class ReleaseVerified(Event):
    """All units of the release are applied and passed. `rules` are those of the environment in this release."""

    kind: ClassVar[str] = "verified"
    release: str
    rules: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EnvironmentInterrupted(Event):
    """The run stopped with unanswered or partial applies in `units`; the claim stays open for `recover`."""

    kind: ClassVar[str] = "interrupted"
    release: str
    units: tuple[str, ...]
    why: str


@dataclass(frozen=True, kw_only=True)
class EnvironmentRollingBack(Event):
    """The rollback of a release began. `rejects`: the release is rejected once everything is back."""

    kind: ClassVar[str] = "rolling_back"
    release: str
    why: str
    rejects: bool = True


@dataclass(frozen=True, kw_only=True)
class EnvironmentRestored(Event):
    """Everything that the release changed is back as it was when the claim began."""

    kind: ClassVar[str] = "restored"
    release: str


@dataclass(frozen=True, kw_only=True)
class ReleaseRejected(Event):
    """The release is not promoted into this environment again, unless a person says so."""

    kind: ClassVar[str] = "rejected"
    release: str
    why: str


@dataclass(frozen=True, kw_only=True)
class EnvironmentResolved(Event):
    """A person repaired what a failed rollback left: the environment is no longer blocked."""

    kind: ClassVar[str] = "resolved"
    reason: str


@dataclass(frozen=True, kw_only=True)
class DriftReported(Event):
    """A drift report: `units` were compared, `unanswered` {unit: why} could not be.

    `left_behind` are units that were applied here and that the release does not declare any more. `recovered` was in
    an earlier report and is gone; `idle` are suppressions without effect. `remarks` is {unit: what else its engine
    says}, such as which fields are ignored and why.
    """

    kind: ClassVar[str] = "drift"
    release: str
    units: tuple[str, ...] = ()
    drifted: tuple[DriftedObject, ...] = ()
    unanswered: Mapping[str, str] = field(default_factory=dict)
    left_behind: tuple[str, ...] = ()
    recovered: tuple[DriftedObject, ...] = ()
    idle: tuple[Idle, ...] = ()
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
