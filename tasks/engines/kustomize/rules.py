"""A unit's own rules about its objects: what it ignores, when they are ready, what is applied before what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tasks.cluster import order
from tasks.cluster.health import Health
from tasks.cluster.ignoring import Ignoring
from tasks.cluster.objects import Reference
from tasks.cluster.order import Waves
from tasks.engines import kubernetes_rules
from tasks.engines.base import Workspace
from tasks.engines.kustomize.options import KustomizeOptions


@dataclass(frozen=True)
class Rules:
    """The rules of one unit."""

    ignoring: Ignoring
    health: Health
    order: Sequence[order.Rule]

    def waves(self, objects: Iterable[Reference]) -> Waves:
        """In which waves these objects are applied, or in reverse removed; `Refused` if that is a circle."""
        return order.waves(self.order, objects)

    def order_notes(self, waves: Waves, objects: Iterable[Reference]) -> Iterator[str]:
        """What a person should know of the order: the waves, and the rules without effect."""
        listed = list(objects)
        yield from order.notes(waves, listed)
        yield from (
            f"kustomize.order ({rule}) matches no two objects; correct it, or remove it"
            for rule in order.idle(self.order, listed)
        )


def rules_of(workspace: Workspace) -> Rules:
    """The rules that the unit has in its options."""
    options = workspace.options(KustomizeOptions)
    return Rules(
        kubernetes_rules.ignored(options.ignore, workspace.platform, "kustomize"),
        kubernetes_rules.judged(options.health),
        kubernetes_rules.ordered(options.order),
    )
