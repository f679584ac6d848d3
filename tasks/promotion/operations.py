"""The operations on an environment that a person or a schedule starts, each as one call: claim, work, close.

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
from tasks.promotion.approval_requests import Request
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
    """Promote a release to one environment.

    A name that matches no release is rejected before anything else happens.

    Args:
        runtime: what the run works with.
        executor: runs the verbs.
        release: the id of the release, or how it begins.
        environment: where to promote it.
        force: promote even if the release was rejected here.
        consent: what the person who started the run declared.

    Returns:
        The request if the promotion waits for an approval, otherwise None.
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
    """Return an environment to an earlier release, planned, tested and checked like any promotion.

    A paused release is rolled back as if its analysis had failed, unless `to` is given.

    Args:
        to: the release to return to; None: the one verified before.

    Returns:
        The id of the release, "" if nothing was there before a paused one, or a request that waits for an approval.
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
    """Continue a paused promotion.

    Args:
        reason: why the measurements are good enough; recorded.

    Returns:
        The id of the release, or a request if the remaining plans wait for an approval.

    Raises:
        InvalidInput: the reason is empty.
        Refused: nothing is paused.
    """
    if not reason.strip():
        raise InvalidInput(f"{environment}: say why what was measured is good enough; it is recorded")
    recover_if_abandoned(runtime, executor, environment)
    try:
        return pauses.go_on(runtime, executor, environment, reason)
    except ApprovalWanted as wanted:
        return _request(wanted)


def reconcile(runtime: Runtime, executor: Executor, environment: str) -> tuple[str, ...] | Request:
    """Repair the drift of the last report that nothing suppresses.

    Returns:
        The units that drifted, sorted, or a request that waits for an approval.
    """
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
    """Record what existed in an environment before our first apply, and list what its release would import.

    Nothing is applied.

    Args:
        unit: the only unit to adopt; None: every unit that was never applied.

    Returns:
        What was adopted, and units of which nothing is recorded whose release would import something.

    Raises:
        InvalidInput: nothing to adopt exists, or the environment has no such unit.
    """
    recover_if_abandoned(runtime, executor, environment)
    with claimed(runtime, release, environment, ADOPT) as run:
        return adoption.adopt(run, unit)


def _request(wanted: ApprovalWanted) -> Request:
    if not isinstance(wanted.request, Request):
        raise Refused(str(wanted))
    return wanted.request
