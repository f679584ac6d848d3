"""Registers the catalogue with a Prefect server: pools, queues, deployments, forms, and detection of dead runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints
from urllib.parse import quote
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import (
    ArtifactCreate,
    ArtifactUpdate,
    DeploymentScheduleCreate,
    DeploymentUpdate,
    WorkPoolCreate,
)
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    DeploymentFilter,
    DeploymentFilterId,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from pydantic.fields import FieldInfo

from deployments.server import forms
from deployments.server.catalogue import Catalogue, Declared, Queue, Schedule
from deployments.server.forms import Form, World
from deployments.server.pulling import PROJECT, PULL_STEP
from tasks.reports.artifacts import Page

_MISSED = timedelta(seconds=150)
"""A run without a heartbeat for this long, five heartbeats, is considered dead."""

_SOME_HOUR = datetime(2024, 1, 1, tzinfo=UTC)
"""The anchor from which interval schedules are counted."""

UNITS = "units"
"""The tag of deployments whose runs are jobs of units."""

_DEFAULT_QUEUE = "default"
"""The queue that Prefect creates with every pool and does not let anyone delete."""

_PAGE = 200
"""Deployments per page of Prefect's listing."""

_NOT_BEGUN = FlowRunFilter(
    state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING]))
)

_ENDS = ("Completed", "Failed", "Cancelled", "Crashed", "Cancelling", "Paused", "Suspended", "AwaitingRetry")


@dataclass(frozen=True)
class Known:
    """A deployment that we registered with Prefect.

    `id` is None while it is withdrawn because a run could not do anything. `schema` is its flow's own, `store` the
    identity of the store that its runs use.
    """

    id: UUID | None
    declared: Declared
    schema: forms.Schema
    store: str


def register(wanted: Catalogue, store: str) -> tuple[Known, ...]:
    """Create or update pools, queues and deployments, and remove those of the platform that are no longer declared.

    Args:
        wanted: the declared deployments and queues.
        store: the identity of the store that all runs use, on every machine.

    Returns:
        One entry per deployment.
    """
    pool = wanted.platform
    with get_client(sync_client=True) as client:
        _pool(client, pool, f"Runs of the platform {pool}")
        for each in wanted.pools:
            _pool(client, each, "Units of environments that name it, one call of a tool a run")
        for queue in wanted.queues:
            _queue(client, pool, queue)
        _find_dead_runs(client, pool)
        known = tuple(_deployment(client, pool, declared, store) for declared in wanted.deployments)
        _remove_others(client, pool, {one.id for one in known if one.id}, {queue.name for queue in wanted.queues})
        return known


def offer(known: Sequence[Known], world: World, offered: dict[str, Form]) -> tuple[Known, ...]:
    """Update the choices in every form, and withdraw deployments whose runs could not do anything.

    Args:
        known: the result of `register`, or of the last call.
        world: the current choices.
        offered: the forms shown already, by deployment; updated in place.

    Returns:
        The deployments, with None as `id` of each that is withdrawn.
    """
    links = _links(known)
    with get_client(sync_client=True) as client:
        made = [(one, forms.form(one.declared, one.schema, world, links)) for one in known]
        return tuple(
            _shown(client, world.platform.name, one, form, offered) if form else _withdrawn(client, one, offered)
            for one, form in made
        )


def _shown(client: SyncPrefectClient, pool: str, one: Known, form: Form, offered: dict[str, Form]) -> Known:
    there = one if one.id else _deployment(client, pool, one.declared, one.store)
    if there.id and form != offered.get(one.declared.name):
        shown = DeploymentUpdate(description=form.description, parameter_openapi_schema=form.schema)
        client.update_deployment(there.id, shown)
        offered[one.declared.name] = form
    return there


def _withdrawn(client: SyncPrefectClient, one: Known, offered: dict[str, Form]) -> Known:
    """Delete the deployment, unless one of its runs has not begun: that run could no longer begin."""
    if one.id is None:
        return one
    own = DeploymentFilter(id=DeploymentFilterId(any_=[one.id]))
    if client.read_flow_runs(deployment_filter=own, flow_run_filter=_NOT_BEGUN, limit=1):
        return one
    client.delete_deployment(one.id)
    offered.pop(one.declared.name, None)
    return replace(one, id=None)


def show(page: Page) -> None:
    """Create or update the artifact with the page's key."""
    with get_client(sync_client=True) as client:
        same = ArtifactFilter(key=ArtifactFilterKey(any_=[page.key]))
        known = client.read_artifacts(artifact_filter=same, limit=1)
        if known:
            client.update_artifact(known[0].id, ArtifactUpdate(data=page.text, description=page.title))
        else:
            client.create_artifact(
                ArtifactCreate(key=page.key, type="markdown", description=page.title, data=page.text)
            )


def _pool(client: SyncPrefectClient, pool: str, described: str) -> None:
    """Create a pool whose workers start processes, unless a pool of that name exists, of any type."""
    with suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=pool, type="process", description=described))


def _queue(client: SyncPrefectClient, pool: str, queue: Queue) -> None:
    try:
        found = client.read_work_queue_by_name(queue.name, pool)
    except ObjectNotFound:
        found = client.create_work_queue(queue.name, work_pool_name=pool)
    if (found.concurrency_limit, found.priority) != (queue.limit, queue.priority):
        client.update_work_queue(found.id, concurrency_limit=queue.limit, priority=queue.priority)


def _deployment(client: SyncPrefectClient, pool: str, declared: Declared, store: str) -> Known:
    flow: Flow[..., Any] = load_flow_from_entrypoint(str(PROJECT / declared.entrypoint))
    schema = _schema(flow)
    made = client.create_deployment(
        flow_id=client.create_flow_from_name(flow.name),
        name=declared.name,
        description=declared.description,
        tags=list(declared.tags),
        parameters=dict(declared.parameters),
        parameter_openapi_schema=schema,
        # Forms may be outdated, and callers may pass a bare release id: the flow itself validates.
        enforce_parameter_schema=False,
        work_pool_name=declared.pool or pool,
        work_queue_name=declared.queue,
        entrypoint=declared.entrypoint,
        pull_steps=[{PULL_STEP: {"store": store}}],
        schedules=[_schedule(one) for one in declared.schedules],
    )
    return Known(made, declared, schema, store)


def _schema(flow: Flow[..., Any]) -> forms.Schema:
    """Return the schema of a flow's parameters; Prefect's own lacks the titles and descriptions that we declare."""
    schema = parameter_schema(flow).model_dump_for_openapi()
    hints = get_type_hints(flow.fn, include_extras=True)
    for name, parameter in schema["properties"].items():
        for described in getattr(hints[name], "__metadata__", ()):
            if isinstance(described, FieldInfo):
                parameter |= {"title": described.title or name, "description": described.description or ""}
    return schema


def _schedule(declared: Schedule) -> DeploymentScheduleCreate:
    if declared.every is None:
        when: CronSchedule | IntervalSchedule = CronSchedule(cron=declared.cron, timezone=declared.timezone)
    else:
        begins = _SOME_HOUR + timedelta(minutes=declared.begins)
        when = IntervalSchedule(interval=declared.every, anchor_date=begins, timezone=declared.timezone)
    return DeploymentScheduleCreate(schedule=when, active=declared.active)


def _remove_others(client: SyncPrefectClient, pool: str, deployments: set[UUID], queues: set[str]) -> None:
    """Remove what an earlier prefect.yaml or platform.yaml declared; scheduled runs go with their deployment."""
    for found in (*_deployments(client, _in_pool(pool)), *_deployments(client, _of_units(pool))):
        if found.id not in deployments:
            client.delete_deployment(found.id)
    for queue in client.read_work_queues(work_pool_name=pool):
        if queue.name not in {*queues, _DEFAULT_QUEUE}:
            client.delete_work_queue_by_id(queue.id)


def _in_pool(pool: str) -> dict[str, Any]:
    return {"work_pool_filter": WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))}


def _of_units(platform: str) -> dict[str, Any]:
    """Return the filter for the deployments of a platform's units, in all pools."""
    return {"deployment_filter": DeploymentFilter(tags=DeploymentFilterTags(all_=[platform, UNITS]))}


def _deployments(client: SyncPrefectClient, which: Mapping[str, Any]) -> list[DeploymentResponse]:
    found: list[DeploymentResponse] = []
    while page := client.read_deployments(**which, limit=_PAGE, offset=len(found)):
        found += page
    return found


def _links(known: Sequence[Known]) -> Callable[[str, Mapping[str, Any]], str]:
    """Return a function that gives the UI address of a flow's filled-in form, for its first deployment."""
    ids = {one.declared.flow: one.id for one in reversed(known)}

    def link(flow: str, parameters: Mapping[str, Any]) -> str:
        # Quoted twice, as the UI does: its router decodes once, and the page once more.
        filled_in = quote(quote(json.dumps(dict(parameters)), safe=""))
        return f"/deployments/deployment/{ids[flow]}/run?parameters={filled_in}"

    return link


def _find_dead_runs(client: SyncPrefectClient, platform: str) -> None:
    """Create an automation that marks runs without a heartbeat as crashed.

    A run whose machine is gone would otherwise hold its place in the queue for ever, because nothing reports its end.
    This corrects only the run history. The next run rolls back, by the ledger, what the dead run had begun.
    Source: "Detect zombie flow runs" in Prefect's documentation of automations.
    """
    name = f"{platform}: a run that gives no sign of life has crashed"
    if client.read_automations_by_name(name):
        return
    living = {"prefect.flow-run.heartbeat"}
    trigger = EventTrigger(
        after=living,
        expect=living | {f"prefect.flow-run.{state}" for state in _ENDS},
        match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
        # Only this platform's runs: others on this server may use a slower heartbeat, or none.
        match_related=ResourceSpecification(
            {"prefect.resource.role": ["tag"], "prefect.resource.id": [f"prefect.tag.{platform}"]}
        ),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=_MISSED,
    )
    message = "It stopped responding. The next run in its environment rolls back what it started."
    crashed = ChangeFlowRunState(name=None, state=StateType.CRASHED, message=message, force=False)
    client.create_automation(AutomationCore(name=name, trigger=trigger, actions=[crashed]))
