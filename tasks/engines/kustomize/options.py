"""The `kustomize:` block of a unit."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints, field_validator

from tasks.cluster.order import circle
from tasks.engines.base import Options
from tasks.engines.kubernetes_rules import HEALTH, IGNORE, Healthy, Ignored, Ordered, ordered

if TYPE_CHECKING:
    from tasks.cluster.objects import Reference
    from tasks.domain.plan import Change


_Objects = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]*(/[^/ ]+)?$")]
"""All objects of a kind (Job), or a single one (Job/migrate)."""


class KustomizeOptions(Options):
    """How a kustomization is applied."""

    replace: tuple[_Objects, ...] = Field(
        default=(),
        description="Kinds (Job) or single objects (Job/migrate) that are deleted and made anew where the cluster "
        "does not let a field be changed. None: such a change is refused.",
    )

    inventory: str = Field(
        default="",
        pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$",
        description="The namespace of a ConfigMap that lists what the unit has applied, so that what a release drops "
        "is removed even if the store was lost. None: only the store knows.",
    )

    take_over: tuple[str, ...] = Field(
        default=(),
        description="Field managers (kubectl-client-side-apply, argocd-*) from which the unit takes over the fields "
        "that its release sets. None: a change of a field that another manager owns is refused.",
    )

    protect: tuple[_Objects, ...] = Field(
        default=(),
        description="Kinds (PersistentVolumeClaim) or single objects whose removal or replacement counts as "
        "irreversible, so that it waits for an approval under `gate: when irreversible`.",
    )

    ignore: tuple[Ignored, ...] = IGNORE

    health: tuple[Healthy, ...] = HEALTH

    order: tuple[Ordered, ...] = Field(
        default=(),
        description="What is applied before what, each once the other is ready, and removed in reverse. None: the "
        "order of kinds that Helm has.",
    )

    @field_validator("order")
    @classmethod
    def _has_no_circle(cls, written: tuple[Ordered, ...]) -> tuple[Ordered, ...]:
        if told := circle(ordered(written)):
            raise ValueError(f"has a circle: {told}")
        return written

    def allows_replacing(self, about: Reference) -> bool:
        """Whether an object may be deleted and made anew."""
        return _covers(self.replace, about.kind, about.name)

    def allows_taking(self, manager: str) -> bool:
        """Whether the unit takes fields over from a field manager."""
        return any(fnmatchcase(manager, pattern) for pattern in self.take_over)

    def protects(self, change: Change) -> bool:
        """Whether removing the object of a change counts as irreversible."""
        return _covers(self.protect, change.kind.rpartition("/")[2], change.address.rpartition("/")[2])


def _covers(objects: tuple[str, ...], kind: str, name: str) -> bool:
    return kind in objects or f"{kind}/{name}" in objects
