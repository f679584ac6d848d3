"""What a run asks of a job, and what a job answers: data that the store keeps. No secret is among it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tasks.domain.errors import (
    ClaimLost,
    FlowmartError,
    InvalidInput,
    Refused,
    StalePlan,
    Throttled,
    Unanswered,
)
from tasks.domain.outcome import Applied, Observation, Verification
from tasks.domain.plan import Change, Plan, StateChange
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.domain.rules import Violation

Call = Literal["validate", "plan", "apply", "observe", "verify", "drift", "settle", "adopt"]
"""The methods of an engine, as jobs are named for them."""

_ERRORS: Mapping[str, type[FlowmartError]] = {
    kind.__name__: kind
    for kind in (ClaimLost, FlowmartError, InvalidInput, Refused, StalePlan, Throttled, Unanswered)
}

GONE = "gone"
"""The error of a job that a person declared to be over, with the machine that it ran on."""


@dataclass(frozen=True)
class Making:
    """How a plan is made, so that another machine makes it again.

    Attributes:
        inputs: what a plan of the release is made with; None for a rollback.
        receipt: what a rollback returns to, if that is an earlier apply.
        baseline: the same, if that is what existed before our first apply.
        existing, unfinished, reconciling, state_changes: what the workspace said when the plan was made. What the
            ledger says is another thing once the apply of the plan has been recorded as begun.
    """

    inputs: Inputs | None = None
    receipt: Receipt | None = None
    baseline: Baseline | None = None
    existing: Baseline | None = None
    unfinished: bool = False
    reconciling: bool = False
    state_changes: tuple[StateChange, ...] = ()


@dataclass(frozen=True)
class JobRequest:
    """One call of the engine of a unit.

    Attributes:
        call: which.
        target: what the engine is made for.
        release: what the run goes to.
        claim: the id of the ledger entry by which the run holds the environment; "" if it does not.
        root: the run that somebody started, in the run history.
        making: how the plan is made, or how `plan` was made.
        plan: what is applied or observed.
        receipt: what is settled, or compared with what is there.
        validates: the tool's validators are to be run as well.
    """

    call: Call
    target: Target
    release: str
    claim: str = ""
    root: str = ""
    making: Making = field(default_factory=Making)
    plan: Plan | None = None
    receipt: Receipt | None = None
    validates: bool = False


@dataclass(frozen=True)
class Begun:
    """Who took a job: the process at work on it, or the run itself, which then knows that nobody ever will."""

    holder: Mapping[str, Any]
    withdrawn: bool = False


@dataclass(frozen=True)
class Answer:
    """What a job came to: an error by its type and message, or what the method of the engine returned.

    `adopted` is what exists already of a unit that is planned for the first time.
    """

    at: str
    error: str = ""
    message: str = ""
    plan: Plan | None = None
    violations: tuple[Violation, ...] | None = None
    adopted: Baseline | None = None
    applied: Applied | None = None
    observation: Observation | None = None
    verification: Verification | None = None
    changes: tuple[Change, ...] = ()

    def raise_error(self, job: str) -> None:
        """Raise what the job raised; a bug there is one here."""
        if self.error == GONE:
            raise Unanswered(self.message)
        if kind := _ERRORS.get(self.error):
            raise kind(self.message)
        if self.error:
            raise RuntimeError(f"job {job}: {self.error}: {self.message}")


def named(error: BaseException) -> str:
    """The name by which an error travels: of its closest kind that the other side knows, else its own."""
    kinds = (kind.__name__ for kind in type(error).__mro__)
    return next((name for name in kinds if name in _ERRORS), type(error).__name__)
