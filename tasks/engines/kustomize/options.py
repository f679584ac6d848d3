"""The `kustomize:` block of a unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from tasks.engines.base import Options

if TYPE_CHECKING:
    from tasks.cluster.objects import Reference


class KustomizeOptions(Options):
    """How a kustomization is applied."""

    replace: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]*(/[^/ ]+)?$")], ...] = Field(
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

    def allows_replacing(self, about: Reference) -> bool:
        """Whether an object may be deleted and made anew."""
        return about.kind in self.replace or f"{about.kind}/{about.name}" in self.replace
