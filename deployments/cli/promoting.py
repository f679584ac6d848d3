"""Commands that start a flow: promote, plan, drift, reconcile, rollback, recover; and resolve, which starts none.

Prefect is imported inside the commands: it takes seconds, and commands that only read should not wait for it.
`resolve` unblocks an environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from deployments.cli import naming, plans_shown, screen, status
from deployments.cli.environments import known_environment, recoverable_environment
from deployments.cli.exit_codes import AWAITS_APPROVAL, DRIFT
from deployments.cli.launching import prepare_flows
from deployments.cli.profiling import Profile
from deployments.cli.screen import Json
from tasks import settings
from tasks.domain.errors import FlowmartError, InvalidInput
from tasks.domain.events import EnvironmentResolved
from tasks.domain.plan import Plan
from tasks.drift import DriftReport, descriptions, last_report
from tasks.ledger.history import History
from tasks.promotion import eligibility
from tasks.promotion.approval_requests import Request
from tasks.promotion.passage import Passage
from tasks.promotion.runtime import compose

ReleaseArgument = Annotated[
    str | None,
    typer.Argument(help=f"{naming.HELP} Without it, HEAD.", show_default=False),
]

EnvironmentArgument = Annotated[str, typer.Argument(help="An environment of platform.yaml.")]
Despite = Annotated[
    str | None, typer.Option(help="Why it cannot wait for a freeze to end or a change window to open; recorded.")
]


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    for command in (promote, adopt, plan, drift, reconcile, rollback, recover, resolve):
        app.command()(command)


def promote(
    release: ReleaseArgument = None,
    to: Annotated[
        str | None, typer.Option(help="The last environment to promote to; all of them without it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Promote even if this release was rejected here.")] = False,
    despite: Despite = None,
    accept_drift: Annotated[
        str | None, typer.Option(help="Why to go over what somebody changed by hand; it is recorded.")
    ] = None,
    into_incident: Annotated[
        str | None, typer.Option(help="Why it cannot wait although metrics are bad before it; it is recorded.")
    ] = None,
    fixes: Annotated[
        str | None, typer.Option(help="The release that this one repairs; it counts as rework in reports.")
    ] = None,
    profile: Profile = None,
    json: Json = False,
) -> int:
    """Promote a release through the environments in order, each verified before the next one begins."""
    history = History(settings.load())
    found = naming.create_or_find(history, release, "promote")
    screen.say(naming.described(found, history.releases.latest_request(found.id)))
    begun = [*eligibility.unfinished(compose(settings.load(), history=history), found.id, to)]
    passage = Passage()
    if begun:
        prepare_flows(profile)
        from flows.promote import promote as one
        from flows.release import release as several
        from tasks.steps import call

        whole = bool(begun[1:])
        said = (force, despite, accept_drift, into_incident, fixes)
        passage = (
            call(several, found.id, to, *said) if whole else _alone(begun[0], call(one, found.id, begun[0], *said))
        )
    if json:
        states = [history.state(name) for name in history.ledger.environments()]
        document = {state.environment: status.document(state) for state in states}
        waits = [request.short for request in passage.requests]
        screen.document(
            {"release": found.id, "promoted_in": begun, "environments": document, "awaits": next(iter(waits), None)}
        )
    elif not begun:
        screen.result(f"nothing to do: release {found.id} is there and verified already")
    else:
        _report(found.id, passage)
    return AWAITS_APPROVAL if passage.requests else 0


def _alone(environment: str, wanted: Request | None) -> Passage:
    """Return the result for a release that was promoted to a single environment."""
    return Passage(requests=[wanted]) if wanted else Passage(verified=[environment])


def _report(release: str, passage: Passage) -> None:
    if passage.verified:
        screen.result(f"release {release} is verified in {', '.join(passage.verified)}")
    for request in passage.requests:
        screen.result(screen.waiting(request))


def adopt(
    environment: EnvironmentArgument,
    unit: Annotated[str | None, typer.Argument(help="One unit; all that exist already without it.")] = None,
    release: Annotated[
        str | None, typer.Option(help=f"The release to compare with; HEAD without it. {naming.HELP}")
    ] = None,
    json: Json = False,
) -> None:
    """Record what exists already, so that no rollback ever removes it. Shows the plan; applies nothing."""
    history = History(settings.load())
    found = naming.create_or_find(history, release, "plan")
    prepare_flows()
    from flows.adopt import adopt as flow
    from tasks.steps import call

    adopted = call(flow, found.id, environment, unit)
    if json:
        units = {one.unit: plans_shown.adopted(one) for one in adopted}
        screen.document({"environment": environment, "release": found.id, "adopted": units})
        return
    for one in adopted:
        screen.result(f"{one.unit}: {plans_shown.adoption(one)}")
        if one.plan:
            plans_shown.show(one.unit, one.plan)


def plan(
    environment: EnvironmentArgument, release: ReleaseArgument = None, profile: Profile = None, json: Json = False
) -> None:
    """What a release would do to an environment. Changes nothing."""
    history = History(settings.load())
    found = naming.create_or_find(history, release, "plan")
    prepare_flows(profile)
    from flows.plan import plan as flow
    from tasks.steps import call

    plans = call(flow, found.id, environment)
    if json:
        verdict = {"waits": plans.verdict.approval is not None, "because": plans.verdict.because}
        about = {"release": found.id, "environment": environment, "gate": verdict}
        screen.document({**about, "units": plans_shown.documents(plans.units)})
        return
    for unit, made in plans.units.items():
        if not isinstance(made, Plan):
            screen.result(f"{unit}: {made.why}")
            continue
        plans_shown.show(unit, made)
    screen.result(f"{environment}: it {plans.verdict.summary}")


def drift(
    environment: Annotated[str | None, typer.Argument(help="An environment; all of them without it.")] = None,
    profile: Profile = None,
    json: Json = False,
) -> int:
    """What somebody changed by hand since it was applied. Exit code 2 when there is any that is not suppressed."""
    history = History(settings.load())
    wanted = [known_environment(environment)] if environment is not None else history.ledger.environments()
    names = [name for name in wanted if _applied(history, name)]
    if not names:
        where = f" to {environment}" if environment else ""
        raise InvalidInput(f"drift: nothing has been promoted{where} yet, so there is nothing to compare with")
    prepare_flows(profile)
    asked = [_asked(history, name) for name in names]
    return _reported([report for report, _ in asked if report], [error for _, error in asked if error], json)


def reconcile(environment: EnvironmentArgument, profile: Profile = None, json: Json = False) -> int:
    """Repair drift: promote the verified release again for the units that drifted."""
    if not _applied(History(settings.load()), known_environment(environment)):
        raise InvalidInput(f"reconcile: nothing has been promoted to {environment} yet")
    prepare_flows(profile)
    from flows.drift import drift as flow
    from tasks.steps import call

    return _reported([report for report in [call(flow, environment, True)] if report], [], json)


def _asked(history: History, environment: str) -> tuple[DriftReport | None, FlowmartError | None]:
    """Check one environment for drift.

    Returns:
        The report, and the error if the report is incomplete. Without a new report, None and the error.
    """
    from flows.drift import drift as flow
    from tasks.steps import call

    before = history.state(environment).number
    try:
        return call(flow, environment), None
    except FlowmartError as error:
        found = history.state(environment)
        made = found.drift.report is not None and found.drift.report.number > before
        return last_report(found) if made else None, error


def _reported(reports: Sequence[DriftReport], errors: Sequence[FlowmartError], json: bool) -> int:
    if json:
        screen.document(reports)
    for report in () if json else reports:
        screen.result(descriptions.heading(report))
        for line in descriptions.lines(report):
            screen.result(line)
    if errors:
        raise type(errors[0])("\n".join(map(str, errors)))
    return DRIFT if any(report.open for report in reports) else 0


def rollback(
    environment: EnvironmentArgument,
    to: Annotated[
        str | None, typer.Option(help=f"A release verified here before; the last one without it. {naming.HELP}")
    ] = None,
    profile: Profile = None,
    json: Json = False,
) -> int:
    """Put an environment back on an earlier release, planned, tested and smoke-checked like any other."""
    known_environment(environment)
    wanted = naming.find(History(settings.load()), to).id if to is not None else None
    prepare_flows(profile)
    from flows.rollback import rollback as flow
    from tasks.steps import call

    done = call(flow, environment, wanted)
    if isinstance(done, Request):
        screen.awaits(done, json)
        return AWAITS_APPROVAL
    if json:
        screen.document({"environment": environment, "release": done or None})
    else:
        screen.result(f"{environment} is back {f'on {done}' if done else 'as it was before'}")
    return 0


def recover(
    environment: EnvironmentArgument,
    run_is_over: Annotated[
        bool, typer.Option("--run-is-over", help="You know that it is, though its machine cannot be asked.")
    ] = False,
    json: Json = False,
) -> None:
    """Finish or roll back what a run left behind that is over. The next promotion does this first."""
    recoverable_environment(environment)
    prepare_flows()
    from flows.recover import recover as flow
    from tasks.steps import call

    done = call(flow, environment, run_is_over)
    if json:
        screen.document({"environment": environment, "recovered": done})
    else:
        screen.result(f"{environment}: {'recovered' if done else 'nothing to recover'}")


def resolve(
    environment: EnvironmentArgument,
    reason: Annotated[str, typer.Option(help="What you found and did; it is recorded.")],
    json: Json = False,
) -> None:
    """Unblock an environment after you repaired what a failed rollback left."""
    recoverable_environment(environment)
    history = History(settings.load())
    if not history.state(environment).blocked:
        raise InvalidInput(f"{environment} is not blocked")
    entry = history.ledger.append(environment, EnvironmentResolved(reason=reason))
    if json:
        screen.document(entry.document)
    else:
        screen.result(f"{environment} is free again ({entry.id})")


def _applied(history: History, environment: str) -> bool:
    return bool(history.state(environment).receipts)
