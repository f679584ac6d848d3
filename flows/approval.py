"""Decides on what waits for an approval; what is approved goes on at once, in the run that approved it."""

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
from tasks.promotion.approvals import Approver, Request


@flow(name="approve", flow_run_name="{decision} {digest}", **options.FLOW)
@steps.remembered
def approve(
    digest: Digest = NOT_CHOSEN, name: Name = NOT_CHOSEN, decision: Decision = "approve", reason: Reason = ""
) -> Request | None:
    """Decide on a plan set from the Prefect UI, whose shared login proves nothing about who does it.

    Returns the request while others have to approve it too.
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
    """Do what was approved; with `onward` in the environments behind it too."""
    if request.purpose == "roll back":
        steps.call(rollback, request.environment, request.release)
    elif request.purpose == "reconcile":
        steps.call(reconcile, request.environment)
    elif onward:
        steps.call(release, request.release)
    else:
        steps.call(promote, request.release, request.environment)
