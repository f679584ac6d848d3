"""One call of the engine of one unit, as a job of a work pool, for the promotion that asked for it."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName, JobName
from tasks import steps
from tasks.jobs.work import work


@flow(name="unit", flow_run_name="{job}", **options.FLOW)
def unit(environment: EnvironmentName, job: JobName) -> None:
    """Do once what a run asks for, and answer in the store. Whoever starts it with a made-up job is refused."""
    with steps.job_session(environment, job) as runtime:
        work(runtime, environment, job)
