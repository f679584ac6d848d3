"""Where a release may go: which environments are left on its way, and what keeps it from beginning in one."""

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
    """Refuse a release that may not begin here yet, and one that was rejected here unless it is forced.

    People who approved it after it was rejected have decided that already.

    Raises:
        InvalidInput: the environment is for rehearsals.
        Refused: it is not verified in every environment that comes before, or was rejected here.
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
    told = f"environment {environment}: it is for rehearsals, which alone promote releases there"
    return InvalidInput(f"{told}; `flowmart rehearse` starts one")


def _approved_anyway(run: EnvironmentRun) -> bool:
    asked = (each for each in run.state().approvals if each.asked.release == run.release.id)
    return any(each.forced and each.decision == "approved" for each in asked)


def eligibility(run: EnvironmentRun) -> Eligibility:
    """Whether the release may begin in the environment, as the ledger has it now."""
    states = (run.ledger.state(name) for name in run.environment.after)
    return environment_graph.eligibility(run.environment, run.release.id, verified_in(states), run.clock.now())


def is_there(run: EnvironmentRun) -> bool:
    """Whether the release is verified here and everything that it wants is there and good already."""
    found = run.state()
    if found.verified != run.release.id or found.claim or found.blocked:
        return False
    inputs = {unit: run.inputs(unit, found.receipts) for unit in run.units}
    return all(planning.is_up_to_date(run, unit, found, inputs[unit]) for unit in run.units)


def unfinished(runtime: Runtime, release: str, to: str | None) -> dict[str, tuple[str, ...]]:
    """The environments up to `to` (None: all), in order, in which promoting would do anything.

    Up to an environment means all that a release passes before it, and the environment itself; none that is for
    rehearsals. Each with those of
    the others that it comes after. `EnvironmentBlocked` when one of them waits for a person: nothing should begin on
    the way there.
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
