"""A unit's own rules about its objects: ignored fields, readiness, and the order of applying."""

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
        """Return the waves in which these objects are applied, and removed in reverse.

        Raises:
            Refused: the rules form a cycle.
        """
        return order.waves(self.order, objects)

    def order_notes(self, waves: Waves, objects: Iterable[Reference]) -> Iterator[str]:
        """Yield notes for the operator: the waves, and the rules that have no effect."""
        listed = list(objects)
        yield from order.notes(waves, listed)
        yield from (
            f"kustomize.order ({rule}) matches no two objects; correct it, or remove it"
            for rule in order.idle(self.order, listed)
        )


def rules_of(workspace: Workspace) -> Rules:
    """Return the rules in the unit's options."""
    options = workspace.options(KustomizeOptions)
    return Rules(
        kubernetes_rules.ignored(options.ignore, workspace.platform, "kustomize"),
        kubernetes_rules.judged(options.health),
        kubernetes_rules.ordered(options.order),
    )
