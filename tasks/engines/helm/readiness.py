"""What of a release is not ready, or not gone yet, and why: helm itself says only that it waited too long."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.cluster import reading, rollouts, waiting
from tasks.cluster.access import Cluster
from tasks.cluster.health import Health
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.ownership import is_terminating
from tasks.cluster.waiting import Deadline
from tasks.engines.helm.answers import Installed
from tasks.engines.helm.plans import Saved


def unready(cluster: Cluster, declared: Mapping[Reference, Manifest], health: Health) -> list[str]:
    """What is not ready, with the reason."""
    states = {about: health.of(live) for about, live in reading.read_all(cluster, declared).items()}
    return [f"{about}: {state.why}" for about, state in states.items() if not state.ready]


def explained(cluster: Cluster, live: Installed, health: Health) -> list[str]:
    """Why objects are not ready, and why hooks did not end, with what their pods say."""
    hooks = [about for about in live.hooks if cluster.read(about)]
    return rollouts.unready(cluster, [*live.objects, *hooks], health)


def await_deletions(cluster: Cluster, saved: Saved, deadline: Deadline) -> None:
    """Wait until objects that are being deleted are gone: helm would change them, and they would go all the same."""
    found = reading.read_all(cluster, saved.planned.objects)
    leaving = {about: str(live["metadata"]["uid"]) for about, live in found.items() if live and is_terminating(live)}
    waiting.until_gone(cluster, leaving, deadline)
