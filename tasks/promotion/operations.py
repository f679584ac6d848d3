"""What a person or a schedule can have done to an environment, each as one call: claim, work, give back.

A run that waits for an approval did not fail: the request is returned, and nothing was changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks import drift
from tasks.domain.errors import ApprovalWanted, InvalidInput, Refused
from tasks.domain.events import FixDeclared
from tasks.domain.events.claims import PROMOTE, RECONCILE, ROLL_BACK
from tasks.promotion import adoption, pauses, promotion
from tasks.promotion.adoption import Adopted
from tasks.promotion.approvals import Request
from tasks.promotion.eligibility import refuse_ineligible
from tasks.promotion.executor import Executor
from tasks.promotion.gate import Consent
from tasks.promotion.recovery import recover_if_abandoned
from tasks.promotion.rollback import reject
from tasks.promotion.runtime import Runtime
from tasks.promotion.session import claimed

ADOPT = "adopt"


def promote(
    runtime: Runtime,
    executor: Executor,
    release: str,
    environment: str,
    *,
    force: bool = False,
    consent: Consent = Consent(),  # noqa: B008 (frozen)
) -> Request | None:
    """Promote a release to one environment; the request where that waits for an approval.

    What names no release is refused before anything else is done.
    """
    runtime.release_id(release)
    fixed = runtime.release_id(consent.fixes) if consent.fixes else ""
    recover_if_abandoned(runtime, executor, environment)
    pauses.look_again(runtime, executor, environment)
    try:
        with claimed(runtime, release, environment, PROMOTE) as run:
            refuse_ineligible(run, force)
            if fixed:
                run.record(FixDeclared(release=run.release.id, fixes=fixed))
            promotion.promote(run, executor, "promote", consent)
    except ApprovalWanted as wanted:
        return _request(wanted)
    return None


def roll_back(runtime: Runtime, executor: Executor, environment: str, to: str | None = None) -> str | Request:
    """Return an environment to an earlier release, planned, tested and checked like any other; the release.

    What is paused is rolled back as a failed analysis would: "" if nothing was there before.
    """
    recover_if_abandoned(runtime, executor, environment)
    paused = pauses.paused_in(runtime, environment)
    if paused is not None and to is None:
        return pauses.go_back(runtime, executor, environment, paused)
    release = runtime.history.earlier_release(environment, to)
    try:
        with claimed(runtime, release, environment, ROLL_BACK) as run:
            left = run.state().verified or (paused.release if paused else None)
            promotion.promote(run, executor, "roll back")
            reject(run, left, "rolled back by hand")
    except ApprovalWanted as wanted:
        return _request(wanted)
    runtime.reporter.returned(environment, left, release, runtime.settings.acting)
    return release


def resume(runtime: Runtime, executor: Executor, environment: str, reason: str) -> str | Request:
    """Go on with what is paused; the release. The request where what is left to apply waits for an approval."""
    if not reason.strip():
        raise InvalidInput(f"{environment}: say why what was measured is good enough; it is recorded")
    recover_if_abandoned(runtime, executor, environment)
    try:
        return pauses.go_on(runtime, executor, environment, reason)
    except ApprovalWanted as wanted:
        return _request(wanted)


def reconcile(runtime: Runtime, executor: Executor, environment: str) -> tuple[str, ...] | Request:
    """Repair the drift that the last report found and nothing suppresses; the units that drifted."""
    recover_if_abandoned(runtime, executor, environment)
    release = runtime.history.verified_release(environment)
    try:
        with claimed(runtime, release, environment, RECONCILE) as run:
            run.drifting = drift.drifting(run)
            promotion.promote(run, executor, "reconcile")
            return tuple(sorted(run.drifting))
    except ApprovalWanted as wanted:
        return _request(wanted)


def adopt(
    runtime: Runtime, executor: Executor, release: str, environment: str, unit: str | None = None
) -> Sequence[Adopted]:
    """Record what exists in an environment before our first apply. Nothing is applied."""
    recover_if_abandoned(runtime, executor, environment)
    with claimed(runtime, release, environment, ADOPT) as run:
        return adoption.adopt(run, unit)


def _request(wanted: ApprovalWanted) -> Request:
    if not isinstance(wanted.request, Request):
        raise Refused(str(wanted))
    return wanted.request
