"""Ansible behind the engine protocol: a unit is a folder with a playbook, run on the hosts that its inputs name.

A plan is a rehearsal (`--check --diff`): what each task would change on each host. Ansible has no plan that it could
be bound to. So a plan is used up by its apply, and one that is no longer fresh is rehearsed again before: when that
is not what was planned, nothing is done.
Another rehearsal that finds nothing to change is what verifies a unit.

What cannot be promised is the way back: the earlier release's playbook puts back what it knows of, and nothing else.
Every plan that changes something says so. A host that cannot be reached has not failed: that is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from tasks.domain.errors import Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Change, Plan, Reversibility
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.domain.values import digest_of
from tasks.engines.ansible import commands, plans
from tasks.engines.ansible.answers import Heard
from tasks.engines.ansible.commands import APPLY, PARSE, REHEARSE, Place
from tasks.engines.ansible.plans import Job
from tasks.engines.ansible.sources import PLAYBOOK, REMOVAL, configuration, interface, reads
from tasks.engines.base import Engine, Variables, Workspace
from tasks.engines.changes import the_other_way

log = structlog.get_logger("flowmart.ansible")

FRESH = 60.0
"""Seconds after which a rehearsal is done again: about as long as one and a run take on a few hosts."""

_WAY_BACK = "going back runs the earlier release's playbook: what only this release brings to a host stays there"
_STAYS = f"nothing is taken back: the release has no {REMOVAL}; what it did to the hosts stays"


class Ansible:
    """The engine for units whose source is a folder with a playbook."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._executable = workspace.executable

    def validate(self) -> None:
        """Ansible can read the playbook and finds its roles. No host is asked."""
        workspace = self.workspace
        self._run(workspace, Job(PLAYBOOK, {"localhost": "127.0.0.1"}), PARSE, dict)

    def plan(self, inputs: Inputs) -> Plan:
        """What the playbook would change on its hosts."""
        workspace = self.workspace
        job = plans.job(workspace.unit.name, PLAYBOOK, inputs.values)
        return self._planned(workspace, workspace.target, inputs.digest, job)

    def apply(self, plan: Plan) -> Applied:
        """Run what was planned; `StalePlan` when it would not do any more what was planned."""
        workspace = self.workspace
        job, age = plans.take(plan)
        outputs = _outputs(job)
        if age > FRESH:
            self._refuse_stale(plan, workspace, job)
        if plan.empty:
            return Applied(Outcome.SUCCEEDED, outputs)
        try:
            heard = self._run(workspace, job, APPLY, workspace.writing)
        except Unanswered as error:
            return Applied(Outcome.UNANSWERED, detail=str(error))
        if heard.failed:
            return Applied(Outcome.FAILED, detail=_told([*heard.failed, *heard.unreachable]))
        if heard.unreachable and not heard.changes:
            raise Unanswered(f"{plan.target}: nothing was changed\n{_told(heard.unreachable)}")
        if heard.unreachable:
            return Applied(Outcome.UNANSWERED, detail=_told(heard.unreachable))
        log.debug("applied", unit=plan.target.unit, hosts=len(job.hosts), changed=len(heard.changes))
        return Applied(Outcome.SUCCEEDED, outputs)

    def verify(self) -> Verification:
        """Whether another run would change nothing."""
        workspace = self.workspace
        heard = self._rehearsed(workspace, _declared(workspace))
        return Verification(Outcome.FAILED if heard.changes else Outcome.SUCCEEDED, heard.changes)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """The earlier release's playbook; without one, the failed release's own `remove.yml` where it has one."""
        workspace = self.workspace
        if isinstance(to, Baseline):
            return None
        if to:
            return self._planned(workspace, to.target, to.inputs_digest, _declared(workspace))
        removal = REMOVAL if (workspace.folder / REMOVAL).is_file() else ""
        job = _declared(workspace, removal)
        return self._planned(workspace, workspace.target, Inputs(workspace.unit.inputs).digest, job)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """What a run would have to put right: as it was applied, against as it is."""
        workspace = self.workspace
        plan = self._planned(workspace, receipt.target, receipt.inputs_digest, _declared(workspace))
        changes = tuple(the_other_way(change) for change in plan.changes)
        return replace(plan, changes=changes, text=plans.text(changes, ()), warnings=())

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """What differs right after a good apply."""
        return self.detect_drift(receipt).changes

    def observe(self, plan: Plan) -> Observation:
        """Rehearse again: nothing left to change, the same, or something else."""
        job = _declared(self.workspace)
        heard = self._rehearsed(self.workspace, job)
        if not heard.changes:
            return Observation(Progress.DONE, _outputs(job))
        if _basis(heard.changes) == plan.basis:
            return Observation(Progress.UNCHANGED)
        return Observation(Progress.PARTIAL, detail=f"{len(heard.changes)} tasks would still change something")

    def adopt(self) -> Baseline | None:
        """Nothing: whether a host was configured before cannot be told from the host."""
        return None

    def _planned(self, workspace: Workspace, target: Target, inputs_digest: str, job: Job) -> Plan:
        heard = self._rehearsed(workspace, job)
        warnings = _warnings(job, heard)
        return Plan(
            target=target,
            engine="ansible",
            changes=heard.changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=inputs_digest,
            basis=_basis(heard.changes),
            artifact=plans.save(job, workspace.folder),
            text=plans.text(heard.changes, warnings),
            reversibility=Reversibility.NEEDS_CARE if heard.changes else Reversibility.REVERSIBLE,
            outputs=_outputs(job),
            warnings=warnings,
        )

    def _rehearsed(self, workspace: Workspace, job: Job, variables: Variables | None = None) -> Heard:
        """What the job would do; `Refused` when a task fails already now, `Unanswered` for an unreachable host."""
        if not job.playbook:
            return Heard(finished=True)
        heard = self._run(workspace, job, REHEARSE, variables or workspace.reading)
        place = f"{workspace.unit.name} in {workspace.environment.name}"
        if heard.failed:
            raise Refused(f"{place}: a rehearsal of {job.playbook} fails\n{_told(heard.failed)}")
        if heard.unreachable:
            raise Unanswered(f"{place}: hosts cannot be reached\n{_told(heard.unreachable)}")
        return heard

    def _refuse_stale(self, plan: Plan, workspace: Workspace, job: Job) -> None:
        if _basis(self._rehearsed(workspace, job, workspace.writing).changes) != plan.basis:
            raise StalePlan(f"{plan.target}: another rehearsal finds other changes than were planned; plan again")

    def _run(self, workspace: Workspace, job: Job, options: tuple[str, ...], variables: Variables) -> Heard:
        place = Place(
            folder=workspace.folder,
            config=configuration(workspace.infrastructure, workspace.folder),
            unit=workspace.unit.name,
            environment=workspace.environment.name,
            variables=variables(),
            time_limit=workspace.unit.time_limit,
        )
        return commands.run(self._executable, place, job, options, workspace.processes)


def _declared(workspace: Workspace, playbook: str = PLAYBOOK) -> Job:
    return plans.job(workspace.unit.name, playbook, workspace.unit.inputs)


def _outputs(job: Job) -> dict[str, Any]:
    """The hosts as they were given; their addresses once more in a text, for arguments of checks."""
    return {"hosts": dict(job.hosts), "addresses": ",".join(job.hosts.values())}


def _warnings(job: Job, heard: Heard) -> tuple[str, ...]:
    """What whoever approves should know: what comes back, and what a rehearsal does not show."""
    if not job.playbook:
        return (_STAYS,)
    if not heard.changes:
        return ()
    found = [_WAY_BACK] if job.playbook == PLAYBOOK else []
    found += [f"{address}: changes something that it does not show" for address in heard.blind]
    found += [f"{address}: is not rehearsed; what it would do is not in this plan" for address in heard.unrehearsed]
    return tuple(found)


def _told(lines: Sequence[str]) -> str:
    return "\n".join(lines)


def _basis(changes: Sequence[Change]) -> str:
    return digest_of([[c.address, c.action, c.before, c.after] for c in changes])


ENGINE = Engine(name="ansible", make=Ansible, reads=reads, interface=interface, executable="ansible-playbook")
