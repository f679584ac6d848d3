"""What every engine is: one protocol, the workspace it is handed, and the defaults that most tools share.

An engine builds commands and parses what came back; running them is `tasks.shell`'s. It is made for one
environment of one promotion and finds the workspace of a target through the `Workspaces` it is given: the
release's files in a temporary checkout, the unit as declared for that environment, and credentials by purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tasks.domain.outcome import Applied, Outcome
from tasks.domain.plan import Plan
from tasks.domain.platform import Environment, Unit
from tasks.domain.release import Inputs, Receipt, Target

Variables = Callable[[], Mapping[str, str]]
"""Environment variables with short-lived credentials; a function, because they are renewed while we work."""


Kinds = Mapping[str, str]
"""Name of an input or an output -> one of "string", "number", "bool", "list", "map", "any"."""


@dataclass(frozen=True)
class Interface:
    """What a unit takes and gives, as far as its source tells without running anything.

    `accepts`: its inputs, None where any name may be given; `required`: those without which it cannot be planned;
    `gives`: its outputs, None where only an apply can tell.
    """

    accepts: Kinds | None = None
    required: frozenset[str] = frozenset()
    gives: Kinds | None = None


@dataclass(frozen=True)
class Workspace:
    """Where an engine works for one target. `infrastructure` is that folder in the release's checkout.

    The inputs of `unit` have their `{unit.output}` filled in where what they refer to is known. `receipt` is what is
    applied now, of whatever release; None when nothing is. `reconciling`: drift is to be put right, so what somebody
    else has taken hold of meanwhile is taken back. `elsewhere` gives the unit's receipts in the other
    environments that could still be gone back to, for what environments share (images).
    """

    infrastructure: Path
    unit: Unit
    environment: Environment
    unit_digest: str
    reading: Variables
    writing: Variables
    receipt: Receipt | None = None
    reconciling: bool = False
    elsewhere: Callable[[], Sequence[Receipt]] = tuple

    @property
    def inputs(self) -> Inputs:
        """The unit's inputs without what was upstream: enough to verify, to look for drift, to go back."""
        return Inputs(values=self.unit.inputs)

    @property
    def folder(self) -> Path:
        """The unit's own source folder."""
        return self.infrastructure / self.unit.source


Workspaces = Callable[[Target], Workspace]


class Engine(Protocol):
    """The one protocol behind which all tools plan, apply, verify, roll back and report drift."""

    def prepare(self, target: Target) -> None:
        """Find what is wrong with a target that cannot be planned yet, before what it waits for is applied."""

    def plan(self, target: Target, inputs: Inputs) -> Plan:
        """What applying the target would do. Reads only; `Unanswered` may be tried again, `Refused` may not."""

    def apply(self, plan: Plan) -> Applied:
        """Apply exactly what was planned. `StalePlan` when the world has moved on since; nothing is changed then."""

    def verify(self, target: Target) -> Outcome:
        """Whether the tool itself finds the target as declared."""

    def plan_rollback(self, failed: Target, to: Receipt | None) -> Plan:
        """What going back to a receipt would do; `None` means it did not exist before: remove it."""

    def detect_drift(self, receipt: Receipt) -> Plan:
        """What somebody changed behind our back since the receipt, as the changes of a plan."""
