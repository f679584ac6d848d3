"""Finds out how far an apply got: whether every object is as planned, and ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tasks.cluster.health import Health
from tasks.cluster.objects import Manifest, Reference, ordered
from tasks.cluster.readiness import State
from tasks.domain.errors import Unanswered
from tasks.domain.outcome import Observation, Progress
from tasks.domain.plan import Plan
from tasks.engines.kustomize import plans
from tasks.engines.kustomize.survey import Survey


def outputs(uids: Mapping[Reference, str]) -> Mapping[str, list[dict[str, str]]]:
    """Return the unit's outputs: its objects, with their UIDs."""
    return {"objects": plans.listed(ordered(uids), uids)}


def unready(found: Survey, health: Health) -> dict[Reference, str]:
    """Return the objects that are not ready, with the reasons."""
    states = {about: health.of(one.live) for about, one in found.rehearsals.items()}
    return {about: state.why for about, state in states.items() if not state.ready}


def ended(plan: Plan, found: Survey, leaving: Iterable[Reference], health: Health) -> Observation:
    """Judge an apply whose objects are all as planned.

    Args:
        plan: the plan that was applied.
        found: the objects as they are now.
        leaving: the objects that are still being deleted.
        health: the rules of readiness.

    Returns:
        DONE, or PARTIAL if an object failed.

    Raises:
        Unanswered: objects are still getting ready or being deleted.
    """
    states = {about: health.of(one.live) for about, one in found.rehearsals.items()}
    failed = [f"{about}: {state.why}" for about, state in states.items() if state.state is State.FAILED]
    if failed:
        return Observation(Progress.PARTIAL, detail=f"applied, but not ready: {'; '.join(failed)}")
    waiting = [*unready(found, health), *leaving]
    if waiting:
        raise Unanswered(f"{plan.target}: the cluster is still working on {', '.join(map(str, waiting))}")
    return Observation(Progress.DONE, outputs({about: _uid(one.live) for about, one in found.rehearsals.items()}))


def _uid(live: Manifest | None) -> str:
    return str(live["metadata"].get("uid", "")) if live else ""
