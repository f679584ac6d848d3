"""What a chart or kustomization goes through: promoted, found unchanged, drifted, repaired, upgraded, rolled back.

The product does all of it but the change by hand; the first step that fails ends the story.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from tasks import drift
from tasks.domain.errors import FlowmartError
from tasks.domain.events.units import UnitApplying
from tasks.promotion import operations
from tasks.promotion.environment_run import opened
from tasks.promotion.executor import LocalExecutor
from tasks.promotion.runtime import Runtime, compose
from tests.public_charts.by_hand import change_by_hand
from tests.public_charts.platform import ENVIRONMENT, UNIT, PublicPlatform
from tests.servers.clusters import SandboxCluster


class End(Enum):
    """How a story ends."""

    THROUGH = "went through"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    NOT_READY = "not ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Told:
    """The end of a story: at which step, why it went no further, and how many seconds it took."""

    end: End
    step: str = ""
    why: str = ""
    seconds: float = 0.0


def ended(step: str, wrong: str, *, attempted: bool) -> End:
    """How a story ends at a step. What is refused before anything is `attempted` is an answer, and no failure."""
    if step != "promote":
        return End.FAILED
    if "not ready" in wrong:
        return End.NOT_READY
    return End.FAILED if attempted else End.REFUSED


class Story:
    """One chart or kustomization, in a cluster of its own."""

    def __init__(self, platform: PublicPlatform, cluster: SandboxCluster) -> None:
        self._platform, self._cluster = platform, cluster
        self._first = ""

    def told(self) -> Told:
        """Go through all steps."""
        began = time.monotonic()
        if self._platform.missing:
            why = f"depends on {', '.join(self._platform.missing)}, which is in no clone"
            return Told(End.INCOMPLETE, "fetch", why)
        for step, act in self._steps():
            try:
                wrong = act()
            except FlowmartError as error:
                wrong = str(error)
            if wrong:
                end = ended(step, wrong, attempted=self._attempted())
                return Told(end, step, wrong, time.monotonic() - began)
        return Told(End.THROUGH, seconds=time.monotonic() - began)

    def _steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "promote", self._promote
        yield "unchanged", self._unchanged
        yield "drift", self._drift
        yield "repair", self._repair
        yield "upgrade", self._upgrade
        yield "unchanged after it", self._unchanged
        yield "roll back", self._roll_back
        yield "unchanged after that", self._unchanged

    def _attempted(self) -> bool:
        entries = self._runtime.ledger().entries(ENVIRONMENT)
        return any(isinstance(entry.event, UnitApplying) for entry in entries)

    @property
    def _runtime(self) -> Runtime:
        return compose(self._platform.settings)

    def _promote(self) -> str:
        self._first = self._platform.version(1)
        return self._promoted(self._first)

    def _upgrade(self) -> str:
        return self._promoted(self._platform.version(2))

    def _promoted(self, release: str) -> str:
        runtime = self._runtime
        operations.promote(runtime, LocalExecutor(1, runtime.clock), release, ENVIRONMENT)
        verified = self._verified
        return "" if verified == release else f"verified is {verified}, not {release}"

    @property
    def _verified(self) -> str | None:
        return self._runtime.ledger().state(ENVIRONMENT).verified

    def _drifted(self) -> list[str]:
        runtime = self._runtime
        with opened(runtime, self._verified or "", ENVIRONMENT) as run:
            report, errors = drift.compare(run, LocalExecutor(1, runtime.clock))
        if errors:
            raise errors[0]
        return [found.address for found in report.open]

    def _unchanged(self) -> str:
        """Neither drift nor anything to apply."""
        found = self._drifted()
        if found:
            return f"nobody touched {', '.join(found)}"
        left = self._runtime.ledger().state(ENVIRONMENT).residual.get(UNIT, ())
        return f"differs right after the apply: {', '.join(change.address for change in left)}" if left else ""

    def _drift(self) -> str:
        touched = change_by_hand(self._cluster)
        found = self._drifted()
        return "" if touched in found or not touched else f"the change of {touched} by hand was not found: {found}"

    def _repair(self) -> str:
        runtime = self._runtime
        operations.reconcile(runtime, LocalExecutor(1, runtime.clock), ENVIRONMENT)
        return self._unchanged()

    def _roll_back(self) -> str:
        runtime = self._runtime
        operations.roll_back(runtime, LocalExecutor(1, runtime.clock), ENVIRONMENT)
        verified = self._verified
        return "" if verified == self._first else f"verified is {verified}, not {self._first}"
