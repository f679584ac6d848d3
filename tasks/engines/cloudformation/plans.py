"""What a CloudFormation plan keeps for its apply: the change set and what to do with it, sealed by a digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tasks.domain.plan import Artifact, Plan
from tasks.engines import sealed

ENDING = ".flowmart-plan.json"
"""How the files of plans end: they are among the unit's own, and no part of its code."""

Operation = Literal["execute", "settings", "recreate", "continue", "delete", "nothing"]
"""`execute` the change set; `settings`: only stack policy and termination protection; `recreate`: delete what a
failed create left, then create; `continue` a rollback of CloudFormation's that failed; `delete` the stack; `nothing`:
the plan only reports differences."""


@dataclass(frozen=True)
class Saved:
    """What an apply does, and to which stack.

    Attributes:
        operation: what is done.
        stack: the stack's name.
        parameters: their values; None keeps the value that the stack has.
        change_set: for `execute`, the change set's ARN.
        digest: for `execute`, the digest of the change set's changes.
        rollback: the stack policy does not hold meanwhile. It is written for what goes forward; what a failed release
            has added must be removable again, and what may go has been decided by our own policies.
        stack_id: the stack's id, by which it is found even once it is deleted; empty when there is none yet.
        since: the id of the stack's newest event when it was planned.
        policy: the stack policy that holds afterwards.
        protected: whether the stack has termination protection afterwards.
    """

    operation: Operation
    stack: str
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    change_set: str = ""
    digest: str = ""
    rollback: bool = False
    stack_id: str = ""
    since: str = ""
    policy: Mapping[str, Any] | None = None
    protected: bool = False


def save(saved: Saved, unit: str, folder: Path) -> Artifact:
    """Write it into `folder`, readable for its owner only: a parameter may be a secret."""
    return sealed.save(asdict(saved), folder / f"{unit}.{saved.operation}-{saved.digest[:12]}{ENDING}")


def load(plan: Plan) -> Saved:
    """What `plan` saved; `StalePlan` when the file is not the one that was planned."""
    return Saved(**sealed.content(plan))
