"""Keep what a CloudFormation plan needs for its apply: the change set and the operation, sealed by a digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tasks.domain.plan import Artifact, Plan
from tasks.engines import sealed

ENDING = ".flowmart-plan.json"
"""The suffix of plan files. They are in the unit's folder, but are not part of its code."""

Operation = Literal["execute", "settings", "recreate", "continue", "delete", "nothing"]
"""The operation of an apply:

- `execute`: execute the change set.
- `settings`: set only the stack policy and termination protection.
- `recreate`: delete what a failed create left behind, then create the stack.
- `continue`: continue a rollback of CloudFormation's that failed.
- `delete`: delete the stack.
- `nothing`: the plan only reports differences.
"""


@dataclass(frozen=True)
class Saved:
    """The operation of an apply, and its stack.

    Attributes:
        operation: what is done.
        stack: the stack's name.
        parameters: their values; None keeps the value that the stack has.
        change_set: for `execute`, the change set's ARN.
        digest: for `execute`, the digest of the change set's changes.
        rollback: lift the stack policy during the apply. It is written for promotions, but a rollback must be able to
            remove what the failed release added. Our own policies have already decided what may be removed.
        stack_id: the stack's id, which finds it even after its deletion; empty if there is no stack yet.
        since: the id of the stack's newest event when it was planned.
        policy: the stack policy to set afterwards.
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
    """Write the operation into `folder`. Only the owner may read the file: a parameter may be a secret."""
    return sealed.save(asdict(saved), folder / f"{unit}.{saved.operation}-{saved.digest[:12]}{ENDING}")


def load(plan: Plan) -> Saved:
    """Return the operation that `plan` saved.

    Raises:
        StalePlan: the file is not the one that was planned.
    """
    return Saved(**sealed.content(plan))
