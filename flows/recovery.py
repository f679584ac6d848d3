"""The way back: put back what a promotion attempted, in this run or in one that died."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName, RunIsOver
from tasks import steps
from tasks.domain.errors import RolledBack
from tasks.drift import RECONCILE
from tasks.promotion import rollback
from tasks.promotion.environment_run import EnvironmentRun


def put_back(run: EnvironmentRun, why: str, *, reject: bool = True) -> RolledBack:
    """Every attempted unit, the last one first; then each must be found as it was. What to raise afterwards."""
    claim = run.state().claim
    # What could not be put right says nothing against a release that is verified here.
    reject = reject and not (claim and claim.purpose == RECONCILE)
    rollback.begin(run, why)
    attempted = run.state().attempted
    done: dict[str, str] = {}
    for unit in reversed(attempted):
        kept = [name for name, what in done.items() if what.startswith(rollback.KEPT)]
        done[unit] = steps.roll_back(run, unit, kept)
    for unit in attempted:
        steps.confirm(run, unit)
    steps.conclude_rollback(run, why, done, reject=reject)
    told = "\n".join(f"  {unit}: {what}" for unit, what in done.items())
    verdict = f", and {run.release.id} is rejected there" if reject else ""
    return RolledBack(f"{why}\n{run.environment.name} was rolled back{verdict}\n{told}")


@flow(name="recover", flow_run_name="recover {environment}", **options.FLOW)
def recover(environment: EnvironmentName, run_is_over: RunIsOver = False) -> bool:
    """Put back what a promotion began whose run is over. False when there is nothing to recover."""
    with steps.taken_over(environment, run_is_over) as run:
        if run is None:
            return False
        left = run.state()
        if left.attempted or left.rolling_back:
            # A way back that had begun had its reason; a run that merely ended says nothing about the release.
            why = left.rolling_back or "the run of this promotion ended before it was done"
            put_back(run, why, reject=left.rolling_back is not None)
        return True


def recover_if_abandoned(environment: str) -> None:
    """Before anything new begins: wait for the run that is at it, if we may, and put back what a dead one left."""
    steps.await_turn(environment)
    if steps.abandoned(environment) is not None:
        recover(environment)
