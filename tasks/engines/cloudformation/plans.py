"""What a CloudFormation plan keeps for its apply: the change set and what to do with it, sealed by a digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from tasks.domain.plan import Artifact, Plan
from tasks.engines import sealed

Deed = Literal["execute", "settings", "recreate", "continue", "delete"]
"""`execute` the change set; `settings`: nothing but stack policy and protection; `recreate`: delete what a failed
create left, then create; `continue` a way back that failed; `delete` the stack."""


@dataclass(frozen=True)
class Saved:
    """The deed, the stack, its parameters, and for `execute` the change set's ARN with the digest of its changes.

    `way_back`: the stack policy does not hold meanwhile. It is written for what goes forward; what a failed release
    has added must be removable again, and what may go has been decided by our own policies.
    """

    deed: Deed
    stack: str
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    change_set: str = ""
    digest: str = ""
    way_back: bool = False


def save(saved: Saved, folder: Path) -> Artifact:
    """Write it into `folder`, readable for its owner only: a parameter may be a secret."""
    return sealed.save(asdict(saved), folder / f"{saved.deed}-{saved.digest[:12]}.plan.json")


def load(plan: Plan) -> Saved:
    """What `plan` saved; `StalePlan` when the file is not the one that was planned."""
    return Saved(**sealed.content(plan))
