"""Approves or refuses a plan set that waits; an approved promotion continues at once, in the same run."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import NOT_CHOSEN, Decision, Digest, Name, Reason
from flows.promote import promote
from flows.reconcile import reconcile
from flows.release import release
from flows.rollback import rollback
from tasks import authorship, settings, steps
from tasks.promotion import approvals
from tasks.promotion.approval_requests import Request
from tasks.promotion.approvals import Approver


@flow(name="approve", flow_run_name="{decision} {digest}", **options.FLOW)
@steps.remembered
def approve(
    digest: Digest = NOT_CHOSEN, name: Name = NOT_CHOSEN, decision: Decision = "approve", reason: Reason = ""
) -> Request | None:
    """Approve or refuse a plan set from the Prefect UI. Its shared login does not prove who decides.

    Returns the request if others have to approve it too.
    """
    with steps.session() as session:
        history, now = session.history, session.runtime.clock.now()
    by = Approver(name, "Prefect UI", "nothing")
    if decision == "refuse":
        approvals.refuse(history.ledger, digest, by, now, reason)
        return None
    request = authorship.approve_by_name(settings.load(), history, digest, by, now, reason)
    if request.missing:
        return steps.finished(request)  # type: ignore[no-any-return]
    carry_on(request)
    return None


def carry_on(request: Request, *, onward: bool = False) -> None:
    """Continue what was approved; with `onward`, also in the environments after it."""
    if request.purpose == "roll back":
        steps.call(rollback, request.environment, request.release)
    elif request.purpose == "reconcile":
        steps.call(reconcile, request.environment)
    elif onward:
        steps.call(release, request.release)
    else:
        steps.call(promote, request.release, request.environment)
