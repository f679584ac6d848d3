"""What flows ask of store and ledger, as the run that they are."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect.context import FlowRunContext

from tasks import settings
from tasks.domain.release import Release
from tasks.ledger.chain import Ledger
from tasks.ledger.history import History
from tasks.promotion import approvals
from tasks.promotion import environment_run as stages
from tasks.promotion.approvals import Request


def current_release(environment: str) -> str:
    """The release that is in an environment."""
    return history().current_release(environment)


def verified_release(environment: str) -> str:
    """The release that is verified in an environment now."""
    return history().verified_release(environment)


def earlier_release(environment: str, to: str | None) -> str:
    """The release that an environment can go back to."""
    return history().earlier_release(environment, to)


def environments(release: str) -> tuple[str, ...]:
    """The environments of a release, in order."""
    with stages.checkouts(settings.load()) as found:
        return tuple(environment.name for environment in found.of(release).platform.environments)


def release(name: str) -> Release:
    """A release by its id."""
    return history().release(name)


def begun_last(release: Release) -> bool:
    """Whether the last promotion that was begun at the first environment was of this release already."""
    return history().last_begun(environments(release.id)[0]) == release.id


def waiting_for_approval() -> tuple[Request, ...]:
    """What waits for an approval now, everywhere."""
    return approvals.waiting(ledger(), datetime.now(UTC))


def ledger() -> Ledger:
    """The ledger of the store, to decide in."""
    return history().ledger


def history() -> History:
    """What happened, as this run asks for it."""
    return History(settings.load(), run_id())


def run_id() -> str:
    """The id of the flow run that this is; empty outside of one."""
    context = FlowRunContext.get()
    return str(context.flow_run.id) if context and context.flow_run else ""
