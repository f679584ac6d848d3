"""Finds which objects of a release are not ready or not deleted yet, and why. Helm only reports that it timed out."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.cluster import evidence, reading, rollouts, waiting
from tasks.cluster.access import Cluster
from tasks.cluster.health import Health
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.ownership import is_terminating
from tasks.cluster.waiting import Deadline
from tasks.engines.helm.answers import Installed
from tasks.engines.helm.plans import Saved


def unready(cluster: Cluster, declared: Mapping[Reference, Manifest], health: Health) -> list[str]:
    """Return the objects that are not ready, each with the reason.

    Args:
        cluster: the cluster to read from.
        declared: the objects to check.
        health: the unit's rules of readiness.
    """
    read, over = reading.read_all(cluster, declared), ended(declared)
    states = {about: evidence.judged(cluster, about, live, health, over) for about, live in read.items()}
    return [f"{about}: {state.why}" for about, state in states.items() if not state.ready]


def ended(declared: Mapping[Reference, Manifest]) -> dict[Reference, str]:
    """Return the Jobs that the cluster removes once they have ended. helm has waited for them, but keeps no UIDs."""
    return {about: "" for about, manifest in declared.items() if evidence.ends(manifest)}


def explained(cluster: Cluster, live: Installed, health: Health) -> list[str]:
    """Explain why objects are not ready and why hooks did not end, including what their pods report.

    Args:
        cluster: the cluster, as the identity that reads.
        live: the installed revision.
        health: the unit's rules of readiness.
    """
    hooks = [about for about in live.hooks if cluster.read(about)]
    return rollouts.unready(cluster, [*live.objects, *hooks], health)


def await_deletions(cluster: Cluster, saved: Saved, deadline: Deadline) -> None:
    """Wait until objects that are being deleted are gone.

    Otherwise helm would update them, and they would disappear all the same.

    Args:
        cluster: the cluster to read from.
        saved: the plan whose objects helm will update.
        deadline: when the time is up.

    Raises:
        Unanswered: some still exist when the time is up.
    """
    found = reading.read_all(cluster, saved.planned.objects)
    leaving = {about: str(live["metadata"]["uid"]) for about, live in found.items() if live and is_terminating(live)}
    waiting.until_gone(cluster, leaving, deadline)
