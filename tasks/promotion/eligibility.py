"""Decide where a release may go: which environments remain, and what prevents a start in one of them."""

from __future__ import annotations

from tasks.domain import environment_graph
from tasks.domain.environment_graph import Eligibility
from tasks.domain.errors import EnvironmentClosed, InvalidInput, Refused
from tasks.ledger.state import verified_in
from tasks.promotion import planning
from tasks.promotion.claims import refuse_if_taken
from tasks.promotion.environment_run import EnvironmentRun
from tasks.promotion.runtime import Runtime


def refuse_ineligible(run: EnvironmentRun, force: bool) -> None:
    """Refuse a release that may not start here yet, or that was rejected here and is not forced.

    An approval given after the rejection counts as force.

    Raises:
        InvalidInput: the environment is for rehearsals.
        Refused: the release is not verified in every environment that comes before, or was rejected here.
        EnvironmentClosed: its soak time is not over.
    """
    name, release = run.environment.name, run.release.id
    if name in run.platform.for_rehearsals and not run.runtime.rehearses:
        raise _only_rehearsed(name)
    found = eligibility(run)
    if found.waits_for:
        missing = ", ".join(found.waits_for)
        raise Refused(f"{name}: release {release} is not verified in {missing}; promote it there first")
    if found.soaks_until:
        raise EnvironmentClosed(f"{name}: release {release} {found}; promote it then")
    if release in run.state().rejected and not (force or _approved_anyway(run)):
        raise Refused(f"{name}: release {release} was rejected here; fix it, or promote it with --force")


def _only_rehearsed(environment: str) -> InvalidInput:
    wrong = f"environment {environment}: it is for rehearsals, which alone promote releases there"
    return InvalidInput(f"{wrong}; `flowmart rehearse` starts one")


def _approved_anyway(run: EnvironmentRun) -> bool:
    asked = (each for each in run.state().approvals if each.asked.release == run.release.id)
    return any(each.forced and each.decision == "approved" for each in asked)


def eligibility(run: EnvironmentRun) -> Eligibility:
    """Return whether the release may start in the environment, according to the ledger now."""
    states = (run.ledger.state(name) for name in run.environment.after)
    return environment_graph.eligibility(run.environment, run.release.id, verified_in(states), run.clock.now())


def is_there(run: EnvironmentRun) -> bool:
    """Tell whether the release is verified here and all its units are up to date."""
    found = run.state()
    if found.verified != run.release.id or found.claim or found.blocked:
        return False
    inputs = {unit: run.inputs(unit, found.receipts) for unit in run.units}
    return all(planning.is_up_to_date(run, unit, found, inputs[unit]) for unit in run.units)


def unfinished(runtime: Runtime, release: str, to: str | None) -> dict[str, tuple[str, ...]]:
    """Return the environments in which a promotion up to `to` would still do something.

    These are `to` and all that a release passes before it, without environments for rehearsals.

    Args:
        release: the id of the release, or how it begins.
        to: the last environment; None: all.

    Returns:
        {environment: the returned environments that it comes after}, in order.

    Raises:
        EnvironmentBlocked: one of them waits for a person, so nothing should start on the way there.
        InvalidInput: the release has no such environment, or it is for rehearsals.
    """
    with runtime.unpacked() as checkouts:
        whole = runtime.release_id(release)
        platform = checkouts.of(whole).platform
        after = {each.name: each.after for each in platform.delivered}
        if to in platform.for_rehearsals:
            raise _only_rehearsed(to)
        if to is not None and to not in after:
            raise InvalidInput(f"environment {to}: the release has {', '.join(after)}")
        wanted = environment_graph.path(after, to)
        ledger = runtime.ledger()
        runs = (EnvironmentRun(runtime, ledger, checkouts, whole, name) for name in wanted)
        waiting = {run.environment.name: run for run in runs if not is_there(run)}
        for run in waiting.values():
            if run.state().blocked:
                refuse_if_taken(run.state())
        before = {name: environment_graph.ancestors(after, name) for name in waiting}
        return {name: tuple(each for each in before[name] if each in waiting) for name in waiting}
