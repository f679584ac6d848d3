"""Requests to jobs and their answers, as the store keeps them. They contain no secrets."""

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
"""The methods of an engine; job names contain them."""

_ERRORS: Mapping[str, type[FlowmartError]] = {
    kind.__name__: kind
    for kind in (ClaimLost, FlowmartError, InvalidInput, Refused, StalePlan, Throttled, Unanswered)
}

GONE = "gone"
"""The error of a job that a person declared over, together with the machine that it ran on."""


@dataclass(frozen=True)
class Making:
    """How a plan is made, so that another machine can make the same plan.

    Attributes:
        inputs: the inputs of a plan of the release; None for a rollback.
        receipt: what a rollback returns to, if that is an earlier apply.
        baseline: what a rollback returns to, if that is what existed before our first apply.
        existing, unfinished, reconciling, state_changes: what the workspace said when the plan was made. The ledger
            differs once it has recorded that the apply of the plan started.
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
    """One call of a unit's engine.

    Attributes:
        call: the method.
        target: the target of the engine.
        release: the release that the run promotes.
        claim: the id of the ledger entry by which the run holds the environment; "" if it does not.
        root: the top-level run in the run history.
        making: how the plan is made, or how `plan` was made.
        plan: the plan to apply or observe.
        receipt: the receipt to settle, or to compare with what exists.
        validates: whether to run the tool's validators as well.
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
    """Who took a job: the process that works on it, or the run itself, which then knows that no process ever will."""

    holder: Mapping[str, Any]
    withdrawn: bool = False


@dataclass(frozen=True)
class Answer:
    """The result of a job: an error by its type and message, or what the engine's method returned.

    `adopted` is what already exists of a unit that is planned for the first time.
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
        """Raise the error of the job, if any; a bug there is raised as a `RuntimeError`."""
        if self.error == GONE:
            raise Unanswered(self.message)
        if kind := _ERRORS.get(self.error):
            raise kind(self.message)
        if self.error:
            raise RuntimeError(f"job {job}: {self.error}: {self.message}")


def named(error: BaseException) -> str:
    """Return the name to record for an error: of its closest type that the run can raise, otherwise its own."""
    kinds = (kind.__name__ for kind in type(error).__mro__)
    return next((name for name in kinds if name in _ERRORS), type(error).__name__)
