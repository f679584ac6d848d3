"""Finds out how far an apply got: whether every object is as planned, and ready."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.cluster import evidence
from tasks.cluster.access import Cluster
from tasks.cluster.health import Health
from tasks.cluster.objects import Manifest, Reference
from tasks.cluster.readiness import Readiness, State
from tasks.domain.errors import Unanswered
from tasks.domain.outcome import Observation, Progress
from tasks.domain.plan import Plan
from tasks.engines.kustomize.plans import Saved
from tasks.engines.kustomize.survey import Survey


def unready(cluster: Cluster, found: Survey, health: Health) -> dict[Reference, Readiness]:
    """Return the objects that are not ready, with the reasons."""
    states = {about: evidence.judged(cluster, about, one.live, health) for about, one in found.rehearsals.items()}
    return {about: state for about, state in states.items() if not state.ready}


def ended(
    cluster: Cluster, plan: Plan, saved: Saved, found: Survey, leaving: Iterable[Reference], health: Health
) -> Observation:
    """Judge an apply whose objects are all as planned.

    Args:
        cluster: the cluster, as the identity that reads.
        plan: the plan that was applied.
        saved: what it saved.
        found: the objects as they are now.
        leaving: the objects that are still being deleted.
        health: the rules of readiness.

    Returns:
        DONE, or PARTIAL if an object failed.

    Raises:
        Unanswered: objects are still getting ready or being deleted.
    """
    states = unready(cluster, found, health)
    failed = [f"{about}: {state.why}" for about, state in states.items() if state.state is State.FAILED]
    if failed:
        return Observation(Progress.PARTIAL, detail=f"applied, but not ready: {'; '.join(failed)}")
    waiting = [*states, *leaving]
    if waiting:
        raise Unanswered(f"{plan.target}: the cluster is still working on {', '.join(map(str, waiting))}")
    uids = {about: _uid(one.live) for about, one in found.rehearsals.items()}
    return Observation(Progress.DONE, saved.outputs(uids))


def _uid(live: Manifest | None) -> str:
    return str(live["metadata"].get("uid", "")) if live else ""
