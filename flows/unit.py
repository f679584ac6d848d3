"""Runs one engine call for one unit as a job of a work pool, for the promotion that requested it."""

from __future__ import annotations

from prefect import flow

from flows import options
from flows.parameters import EnvironmentName, JobName
from tasks import steps
from tasks.jobs.work import work


@flow(name="unit", flow_run_name="{job}", **options.FLOW)
def unit(environment: EnvironmentName, job: JobName) -> None:
    """Run a requested job once and write the answer to the store. A job that no run requested is refused."""
    with steps.job_session(environment, job) as runtime:
        work(runtime, environment, job)
