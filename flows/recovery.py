"""The way back: put back what a promotion attempted, in this run or in one that died."""

from __future__ import annotations

from prefect import flow

from flows import options
from tasks import steps
from tasks.errors import RolledBack
from tasks.rollback import KEPT
from tasks.stage import Stage


def put_back(stage: Stage, why: str) -> RolledBack:
    """Every attempted unit, the last one first; then each must be found as it was. What to raise afterwards."""
    attempted = stage.standing().attempted
    done: dict[str, str] = {}
    for unit in reversed(attempted):
        kept = [name for name, what in done.items() if what.startswith(KEPT)]
        done[unit] = steps.roll_back(stage, unit, kept)
    for unit in attempted:
        steps.confirm(stage, unit)
    steps.conclude_rollback(stage, why, done)
    told = "\n".join(f"  {unit}: {what}" for unit, what in done.items())
    name = stage.environment.name
    return RolledBack(f"{why}\n{name} was rolled back, and {stage.release.id} is rejected there\n{told}")


@flow(name="recover", flow_run_name="recover {environment}", **options.FLOW)
def recover(environment: str) -> bool:
    """Put back what a promotion began whose run is over. False when there is nothing to recover.

    Args:
        environment: The environment that the run left behind.
    """
    with steps.taken_over(environment) as stage:
        if stage is None:
            return False
        if stage.standing().attempted:
            put_back(stage, "the run of this promotion ended before it was done")
        return True


def recover_if_abandoned(environment: str) -> None:
    """Before anything new begins: put back what a dead run left."""
    if steps.abandoned(environment) is not None:
        recover(environment)
