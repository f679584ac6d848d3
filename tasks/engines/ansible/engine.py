"""The Ansible engine: a unit is a folder with a playbook, run on the hosts that its inputs or inventories name.

A plan is a rehearsal (`--check --diff`): it lists what each task would change on each host. Ansible has no plan file
that an apply could be bound to. So each plan can be applied only once. A plan older than `FRESH` is rehearsed again
first; if the result differs, nothing is changed. Verification is another rehearsal that must find no changes.

A task that check mode skips is unknown: the plan names it, and the apply runs it. Such tasks, and tasks that depend
on their results, count neither as drift nor as differences.

A complete rollback cannot be promised: the earlier release's playbook restores only what it manages. Every plan that
changes something warns of this. A host that does not respond has not failed: the outcome is `unanswered`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import structlog

from tasks.domain.errors import Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Change, Plan, Reversibility
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.domain.values import digest_of
from tasks.engines.ansible import cautions, commands, errors, inventories, plans
from tasks.engines.ansible.answers import Results
from tasks.engines.ansible.commands import APPLY, PARSE, REHEARSE, Place, Run
from tasks.engines.ansible.inventories import Inventory
from tasks.engines.ansible.options import AnsibleOptions
from tasks.engines.ansible.plans import Job
from tasks.engines.ansible.sources import REMOVAL, configuration, faults, interface, reads, unit_reads
from tasks.engines.ansible.validators import VALIDATORS
from tasks.engines.ansible.vendoring import vendor
from tasks.engines.base import Engine, Variables, Workspace

log = structlog.get_logger("flowmart.ansible")

FRESH = 60.0
"""Seconds after which a plan is rehearsed again before its apply: about a rehearsal and a run on a few hosts."""


class Ansible:
    """The engine for units whose source is a folder with a playbook."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def validate(self) -> None:
        """Check that Ansible can parse the playbook and find its roles. No host is contacted."""
        workspace = self.workspace
        self._run(workspace, Job(self._playbook, {"localhost": "127.0.0.1"}), PARSE, dict)

    def plan(self, inputs: Inputs) -> Plan:
        """Rehearse the playbook on its hosts; after an unfinished apply, with all handlers."""
        workspace = self.workspace
        job = replace(self._job(inputs.values), runs_handlers=workspace.unfinished)
        return self._planned(workspace, workspace.target, inputs.digest, job)

    def apply(self, plan: Plan) -> Applied:
        """Run the planned playbook. The plan is used up.

        Raises:
            StalePlan: the plan is used up, or its hosts or a new rehearsal of an old plan are not as planned.
        """
        workspace = self.workspace
        job, age = plans.take(plan)
        self._refuse_other_hosts(plan, job)
        if age > FRESH:
            self._refuse_stale(plan, workspace, job)
        if plan.empty:
            return Applied(Outcome.SUCCEEDED, _outputs(job))
        try:
            run = self._run(workspace, job, APPLY, workspace.writing)
        except Unanswered as error:
            return Applied(Outcome.UNANSWERED, detail=str(error))
        outcome, found = errors.outcome_of(run.results, run.exit_code), run.results
        if outcome is Outcome.SUCCEEDED:
            log.debug("applied", unit=plan.target.unit, hosts=len(job.hosts), changed=len(found.changes))
            return Applied(outcome, _outputs(job))
        nothing = [] if found.changes else ["nothing was changed"]
        return Applied(outcome, detail=_lines([*nothing, *found.failed, *found.unreachable]))

    def verify(self) -> Verification:
        """Rehearse the playbook and check that it changes nothing. The detail lists tasks that were not compared."""
        found = self._rehearsed(self.workspace, self._declared())
        differing = found.changes
        detail = f"not compared: {'; '.join(found.unknown)}" if found.unknown else ""
        return Verification(Outcome.FAILED if differing else Outcome.SUCCEEDED, differing, detail=detail)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Plan to run the earlier release's playbook, or else the unit's own `remove.yml` if it has one.

        Return None for a baseline, because Ansible cannot restore what existed before.
        """
        workspace = self.workspace
        if isinstance(to, Baseline):
            return None
        if to:
            job = replace(self._declared(), runs_handlers=not _is_applied(failed))
            return self._planned(workspace, to.target, to.inputs_digest, job)
        removal = REMOVAL if (workspace.folder / REMOVAL).is_file() else ""
        job = self._declared(removal)
        return self._planned(workspace, workspace.target, Inputs(workspace.unit.inputs).digest, job)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Rehearse the playbook and return its changes in reverse; tasks that cannot be rehearsed become warnings."""
        workspace = self.workspace
        plan = self._planned(workspace, receipt.target, receipt.inputs_digest, self._declared())
        # A handler would run only as a consequence of drift; it is not drift.
        handlers = plans.saved(plan).handlers
        changes = tuple(change.reversed for change in plan.changes if not _is_of(change, handlers))
        warnings = (*plan.unknown, *filter(cautions.is_about_the_rehearsal, plan.warnings))
        return replace(plan, changes=changes, text=plans.text(changes, ()), warnings=warnings, unknown=())

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Return the differences that a rehearsal reports right after a good apply."""
        return self.detect_drift(receipt).changes

    def observe(self, plan: Plan) -> Observation:
        """Rehearse again: `UNCHANGED` if it finds the planned changes, `DONE` if it finds none, otherwise `PARTIAL`.

        It is also `PARTIAL` if the plan has unknown tasks or handlers: a rehearsal cannot show whether they ran.
        """
        job = plans.used(plan)
        found = self._rehearsed(self.workspace, replace(job, runs_handlers=False))
        if plan.unknown:
            return Observation(Progress.PARTIAL, detail=f"may have been done or not: {'; '.join(plan.unknown)}")
        if _basis(found) == plan.basis:
            return Observation(Progress.UNCHANGED)
        if found.changes:
            return Observation(Progress.PARTIAL, detail=f"{len(found.changes)} tasks would still change something")
        if job.handlers:
            return Observation(Progress.PARTIAL, detail=f"handlers may not have run: {'; '.join(job.handlers)}")
        return Observation(Progress.DONE, _outputs(job))

    def adopt(self) -> Baseline | None:
        """Return None: a host does not show whether Ansible configured it before."""
        return None

    def _planned(self, workspace: Workspace, target: Target, inputs_digest: str, job: Job) -> Plan:
        found = self._rehearsed(workspace, job)
        job = replace(job, handlers=found.handlers)
        warnings = cautions.warnings(job, found, first=workspace.receipt is None)
        certain = not found.changes and not found.unknown
        return Plan(
            target=target,
            engine="ansible",
            changes=found.changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=inputs_digest,
            basis=_basis(found),
            artifact=plans.save(job, workspace.unit.name, workspace.folder),
            text=plans.text(found.changes, warnings, found.unknown),
            reversibility=Reversibility.REVERSIBLE if certain else Reversibility.NEEDS_CARE,
            outputs=_outputs(job),
            warnings=warnings,
            unknown=found.unknown,
        )

    def _rehearsed(self, workspace: Workspace, job: Job, variables: Variables | None = None) -> Results:
        """Rehearse a job and return the results. A job without a playbook has none.

        Raises:
            Refused: a task fails and no earlier change could be the reason; or hosts refuse the login.
            Unanswered: a host cannot be reached, or the run was interrupted.
        """
        if not job.playbook:
            return Results(finished=True)
        run = self._run(workspace, job, REHEARSE, variables or workspace.reading)
        place, found = f"{workspace.unit.name} in {workspace.environment.name}", run.results
        if errors.was_ended(run.exit_code):
            raise Unanswered(f"{place}: a rehearsal of {job.playbook} was ended ({run.exit_code})")
        if failed := [line for line in found.failed if line not in found.blocked or errors.is_final(line)]:
            raise Refused(f"{place}: a rehearsal of {job.playbook} fails\n{_lines(failed)}")
        if found.unreachable:
            denied = errors.are_denied(found.unreachable)
            told = "hosts refuse the login" if denied else "hosts cannot be reached"
            raise (Refused if denied else Unanswered)(f"{place}: {told}\n{_lines(found.unreachable)}")
        return found

    def _refuse_stale(self, plan: Plan, workspace: Workspace, job: Job) -> None:
        if _basis(self._rehearsed(workspace, job, workspace.writing)) != plan.basis:
            raise StalePlan(f"{plan.target}: another rehearsal finds other changes than were planned; plan again")

    def _refuse_other_hosts(self, plan: Plan, job: Job) -> None:
        """Reject a plan whose inventories list other hosts now: nothing was planned for those."""
        if not job.playbook or not inventories.paths(self.workspace.infrastructure, self.workspace.unit):
            return
        now = self._listed(job.limit).hosts
        if dict(now) != dict(job.hosts):
            changed = ", ".join(sorted(name for name in {*now, *job.hosts} if now.get(name) != job.hosts.get(name)))
            raise StalePlan(f"{plan.target}: the inventory has other hosts than were planned ({changed}); plan again")

    @property
    def _playbook(self) -> str:
        return self.workspace.options(AnsibleOptions).playbook

    def _declared(self, playbook: str | None = None) -> Job:
        """Return the job for the unit's declared inputs, with another playbook if one is given ("" for none)."""
        job = self._job(self.workspace.unit.inputs)
        return job if playbook is None else replace(job, playbook=playbook)

    def _job(self, inputs: Mapping[str, Any]) -> Job:
        workspace = self.workspace
        limit = workspace.options(AnsibleOptions).limit
        if not inventories.paths(workspace.infrastructure, workspace.unit):
            return replace(plans.job(workspace.unit.name, self._playbook, inputs), limit=limit)
        return plans.inventoried(self._playbook, self._listed(limit), limit, inputs)

    def _listed(self, limit: str) -> Inventory:
        workspace = self.workspace
        return commands.hosts(
            workspace.executable, self._place(workspace, workspace.reading), limit, workspace.processes
        )

    def _run(self, workspace: Workspace, job: Job, options: tuple[str, ...], variables: Variables) -> Run:
        place = self._place(workspace, variables)
        return commands.run(workspace.executable, place, job, options, workspace.processes)

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        """Return all files that the unit reads. Finding them parses its playbooks and roles."""
        infrastructure, unit = self.workspace.infrastructure, self.workspace.unit
        found = {*reads(infrastructure, unit.source), *unit_reads(infrastructure, unit)}
        return tuple(infrastructure / path for path in sorted(found) if not plans.is_saved(path))

    def _place(self, workspace: Workspace, variables: Variables) -> Place:
        infrastructure, unit = workspace.infrastructure, workspace.unit
        return Place(
            platform=workspace.platform,
            infrastructure=workspace.infrastructure,
            folder=workspace.folder,
            files=self._files,
            config=configuration(workspace.infrastructure, workspace.folder),
            unit=workspace.unit.name,
            environment=workspace.environment.name,
            variables={**variables(), **workspace.options(AnsibleOptions).variables},
            time_limit=workspace.unit.time_limit,
            inventories=inventories.paths(infrastructure, unit),
            secrets=workspace.environment.secret_names,
        )


def _outputs(job: Job) -> dict[str, Any]:
    """Return the outputs: the hosts by name, and their addresses joined by commas for arguments of checks."""
    return {"hosts": dict(job.hosts), "addresses": ",".join(job.hosts.values())}


def _is_applied(failed: Workspace) -> bool:
    """Tell whether the failed release was applied completely here, handlers included."""
    return failed.receipt is not None and failed.receipt.target.release == failed.target.release


def _is_of(change: Change, tasks: Sequence[str]) -> bool:
    """Tell whether a change belongs to one of these tasks, as a whole or for one of its items."""
    return any(change.address == task or change.address.startswith(f"{task} (") for task in tasks)


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines)


def _basis(found: Results) -> str:
    changes = [[c.address, c.action, c.before, c.after] for c in found.changes]
    return digest_of([changes, list(found.unknown)] if found.unknown else changes)


ENGINE = Engine(
    name="ansible",
    make=Ansible,
    reads=reads,
    unit_reads=unit_reads,
    faults=faults,
    shares_source=True,
    interface=interface,
    options=AnsibleOptions,
    executable="ansible-playbook",
    vendor=vendor,
    validators=VALIDATORS,
    usual_seconds=60.0,
)
