"""Commands that record a person's decision: approvals, approve, refuse; freeze and thaw."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from deployments.cli import screen
from deployments.cli.environments import known_environment
from deployments.cli.exit_codes import AWAITS_APPROVAL
from deployments.cli.launching import prepare_flows
from deployments.cli.promoting import EnvironmentArgument
from deployments.cli.screen import Json
from tasks import authorship, settings
from tasks.domain.errors import InvalidInput
from tasks.domain.events import EnvironmentFrozen, EnvironmentThawed
from tasks.ledger.history import History
from tasks.manifest import day
from tasks.promotion import approval_requests, approvals
from tasks.promotion.approval_requests import Request
from tasks.promotion.approvals import Approver

Digest = Annotated[str, typer.Argument(help="Digest of the plan set, at least its first 12 digits.")]


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command("approvals")(waiting)
    for command in (approve, refuse, freeze, thaw):
        app.command()(command)


def waiting(json: Json = False) -> None:
    """What waits for an approval."""
    found = approval_requests.waiting(History(settings.load()).ledger, datetime.now(UTC))
    if json:
        screen.document([screen.request_document(request) for request in found])
        return
    if not found:
        screen.say("nothing waits for an approval")
    for request in found:
        screen.result(screen.waiting(request))
        screen.table("", ("", ""), list(request.units.items()))


def approve(
    digest: Digest,
    reason: Annotated[str | None, typer.Option(help="Why; it is recorded.")] = None,
    onward: Annotated[bool, typer.Option("--onward", help="Go on to the environments behind it too.")] = False,
    record_only: Annotated[bool, typer.Option("--record-only", help="Do not start what is approved.")] = False,
    json: Json = False,
) -> int:
    """Approve a plan set, and do what it says once enough people have. Exit code 6 while others have to."""
    history = History(settings.load())
    by = _ourselves()
    request = authorship.approve_by_name(settings.load(), history, digest, by, datetime.now(UTC), reason or "")
    screen.say(f"plan set {request.short} of {request.environment} is approved by {by.name}")
    if request.missing:
        screen.awaits(request, json)
        return AWAITS_APPROVAL
    if not record_only:
        prepare_flows()
        from flows.approval import carry_on

        carry_on(request, onward=onward)
    _tell(request, "approved", json)
    return 0


def refuse(
    digest: Digest,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
    json: Json = False,
) -> None:
    """Say no to a plan set. A release that would be promoted is rejected in that environment."""
    history = History(settings.load())
    refused = approvals.refuse(history.ledger, digest, _ourselves(), datetime.now(UTC), reason)
    _tell(refused, "refused", json)


def freeze(
    environment: EnvironmentArgument,
    reason: Annotated[str, typer.Option(help="Why, for whoever is refused.")],
    until: Annotated[str | None, typer.Option(help="The last day (UTC), YYYY-MM-DD; without it, until thaw.")] = None,
    json: Json = False,
) -> None:
    """Let nothing be promoted into an environment. Going back is not held up."""
    if until is not None and day(until) is None:
        raise InvalidInput(f"--until {until}: there is no such day; write YYYY-MM-DD")
    if until is not None and until < datetime.now(UTC).date().isoformat():
        raise InvalidInput(f"--until {until}: that day is over, so nothing would be frozen; write a later one")
    _record(environment, EnvironmentFrozen(reason=reason, until=until), json)


def thaw(
    environment: EnvironmentArgument,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
    json: Json = False,
) -> None:
    """Open an environment again that `freeze` closed."""
    _record(environment, EnvironmentThawed(reason=reason), json)


def _ourselves() -> Approver:
    return Approver(settings.load().acting, "command line", "host")


def _record(environment: str, event: EnvironmentFrozen | EnvironmentThawed, json: bool) -> None:
    entry = History(settings.load()).ledger.append(known_environment(environment), event)
    if json:
        screen.document(entry.document)
    else:
        screen.result(f"{environment} is {event.kind} ({entry.id})")


def _tell(request: Request, decided: str, json: bool) -> None:
    if json:
        screen.document({**screen.request_document(request), "decided": decided})
    else:
        screen.result(f"{request.environment}: {request.release} was {decided}")
