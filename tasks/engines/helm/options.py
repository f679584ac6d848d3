"""The `helm:` block of a unit."""

from __future__ import annotations

from tasks.cluster.health import Health
from tasks.cluster.ignoring import Ignoring
from tasks.engines.base import Options
from tasks.engines.kubernetes_rules import HEALTH, IGNORE, Healthy, Ignored, ignored, judged

MANAGER = "helm"
"""What helm 4 calls itself in the managedFields of what it applies."""


class HelmOptions(Options):
    """How the objects of a release are judged."""

    ignore: tuple[Ignored, ...] = IGNORE

    health: tuple[Healthy, ...] = HEALTH

    @property
    def ignoring(self) -> Ignoring:
        """What is left to others."""
        return ignored(self.ignore, MANAGER, "helm")

    @property
    def judging(self) -> Health:
        """When objects are ready."""
        return judged(self.health)
