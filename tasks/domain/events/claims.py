"""Events about who works in an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tasks.domain.events.base import Event
from tasks.domain.release import Provenance

PROMOTE, CONTINUE, ROLL_BACK, RECONCILE = "promote", "continue", "roll back", "reconcile"
"""The purposes of a claim; `CONTINUE` takes up a promotion that was paused."""

FORWARD = (PROMOTE, CONTINUE)
"""Those that bring a release into an environment."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentClaimed(Event):
    """A run took the environment for a release.

    `purpose` is what for: one of those above. `holder` tells whether the run is over.
    `release_digest` is the SHA-256 of the release's record. `provenance` is where the release came from this time.
    `rehearses` is the environment of which a rollback is rehearsed here; "" if none is.
    """

    kind: ClassVar[str] = "claimed"
    release: str
    purpose: str
    holder: Mapping[str, Any]
    release_digest: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    rehearses: str = ""


@dataclass(frozen=True, kw_only=True)
class FixDeclared(Event):
    """`release` was declared to repair an earlier release, `fixes`, which DORA counts as rework."""

    kind: ClassVar[str] = "fix_declared"
    release: str
    fixes: str


@dataclass(frozen=True, kw_only=True)
class UnitsOmitted(Event):
    """Some of the platform's units were left out, and `why`: they stay as they are.

    `units` are their names; empty where `release` was made without them, so that it does not know them.
    """

    kind: ClassVar[str] = "units_omitted"
    release: str
    why: str
    units: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """What stays as it is, in words."""
        return f"{', '.join(self.units) or 'units that Terragrunt finds'} stay as they are: {self.why}"


@dataclass(frozen=True, kw_only=True)
class ClaimTakenOver(Event):
    """Another run took over the open claim. `run_is_over`: a person said that the first run is gone."""

    kind: ClassVar[str] = "taken_over"
    holder: Mapping[str, Any]
    run_is_over: bool = False


@dataclass(frozen=True, kw_only=True)
class ClaimClosed(Event):
    """The run gave the environment back. `outcome` and `detail` are in words."""

    kind: ClassVar[str] = "closed"
    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class EndedHolder:
    """A run of which a person said that it is over, though its machine could not be asked.

    Attributes:
        user: who ran it, as its machine names them; empty when that is not known.
        host: its machine's name.
        until: when it was said (ISO 8601, UTC).
    """

    user: str
    host: str
    until: str
