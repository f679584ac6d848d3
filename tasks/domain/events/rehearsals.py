"""Events about rehearsed rollbacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tasks.domain.events.base import Event
from tasks.domain.outcome import Outcome
from tasks.domain.rehearsal import RehearsedUnit


@dataclass(frozen=True, kw_only=True)
class RollbackRehearsed(Event):
    """A rollback of this environment from `release` to `earlier` was rehearsed in another one, `rehearsed_in`.

    The digests are those of the releases' content. `outcome` is succeeded or failed; `why` says what failed. `units`
    says what became of each; empty where a step before the end failed.
    """

    kind: ClassVar[str] = "rehearsed"
    release: str
    release_digest: str
    earlier: str
    earlier_digest: str
    rehearsed_in: str
    outcome: Outcome
    why: str = ""
    units: tuple[RehearsedUnit, ...] = ()
