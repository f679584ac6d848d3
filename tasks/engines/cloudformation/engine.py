"""CloudFormation behind the engine protocol: change sets, executed exactly as they were planned.

A plan is a change set, which CloudFormation computes and carries out itself. The plan remembers it by its ARN and the
stack by what it was; when either has moved on, the plan is stale. Where no change set can be made (a stack to delete,
one that a failed create left behind, a way back that got stuck) the plan's artifact says what is done instead.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from tasks.domain.errors import StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Action, Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.domain.values import digest_of
from tasks.engines.base import Engine, Workspace
from tasks.engines.changes import the_other_way
from tasks.engines.cloudformation import answers as answers
from tasks.engines.cloudformation import comparisons as looks
from tasks.engines.cloudformation import plans as plans
from tasks.engines.cloudformation.plans import Saved
from tasks.engines.cloudformation.sources import Source, interface, load, reads
from tasks.engines.cloudformation.stacks import Described, Stacks, is_busy, names

log = structlog.get_logger("flowmart.cloudformation")


class CloudFormation:
    """The engine for units whose source is a folder with a `template.yaml`."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._executable = workspace.executable

    def validate(self) -> None:
        """Template, parameters and inputs fit together, whatever the outputs of others will be."""
        workspace = self.workspace
        Stacks(workspace.reading()).validate(load(workspace, workspace.unit.inputs).text)

    def plan(self, inputs: Inputs) -> Plan:
        """A change set, and what it changes."""
        workspace = self.workspace
        look = looks.looked(workspace, load(workspace, inputs.values), Stacks(workspace.reading()))
        return _planned(workspace.target, workspace, inputs.digest, look)

    def apply(self, plan: Plan) -> Applied:
        """Do exactly what was planned; `StalePlan` when the change set or the stack is not what it was."""
        workspace, saved = self.workspace, plans.load(plan)
        stacks = Stacks(workspace.writing())
        now = stacks.find(saved.stack)
        if stacks.basis(now) != plan.basis:
            raise StalePlan(
                f"{plan.target}: stack {saved.stack} changed since it was planned; it is {_status(now)} now"
            )
        return _done(workspace, saved, stacks, now)

    def verify(self) -> Verification:
        """Whether the stack is in a good state, another change set would be empty, and nothing has drifted."""
        workspace = self.workspace
        source, stacks = load(workspace, workspace.unit.inputs), Stacks(workspace.reading())
        stack = stacks.find(source.stack)
        if stack is None or stack["StackStatus"] not in answers.UPDATABLE:
            return Verification(Outcome.FAILED, detail=f"stack {source.stack} is {_status(stack)}")
        differs = looks.compared(workspace, source, stacks, stack) or answers.drifted(stacks.drifts(stack), ())
        return Verification(Outcome.FAILED if differs else Outcome.SUCCEEDED, tuple(differs))

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Back to the template and parameters of the receipt's release; without one, the stack is deleted."""
        if isinstance(to, Baseline):
            return None
        workspace = self.workspace
        source, stacks = load(workspace, workspace.unit.inputs), Stacks(workspace.reading())
        stack = stacks.find(source.stack)
        if stack is not None and is_busy(stack):
            # Begun by the run that is being put back: CloudFormation ends it, with or without us.
            stack = stacks.settled(stack["StackId"], workspace.unit.time_limit)
        if to is None:
            look = looks.deletion(workspace, source, stacks, stack)
        elif stack is not None and stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
            look = looks.continuation(source, stacks, stack)
        else:
            look = looks.looked(workspace, source, stacks)
        look = replace(look, saved=replace(look.saved, way_back=True))
        return _planned(workspace.target, workspace, to.inputs_digest if to else Inputs().digest, look)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Resources that are not as the stack has them, and a stack that is not as the receipt's release has it."""
        workspace = self.workspace
        source, stacks = load(workspace, workspace.unit.inputs), Stacks(workspace.reading())
        stack = stacks.find(source.stack)
        if stack is None or stack["StackStatus"] in answers.NOT_MADE | {"REVIEW_IN_PROGRESS"}:
            gone = (Change(source.stack, answers.STACK, Action.DELETE, {"StackName": source.stack}, None),)
            return _planned(receipt.target, workspace, receipt.inputs_digest, looks.Look(Saved("settings", ""), gone))
        if is_busy(stack):
            raise Unanswered(f"stack {source.stack}: somebody is at work on it ({stack['StackStatus']})")
        found = stacks.drifts(stack)
        by_hand = answers.drifted(found, source.secrets)
        known = {change.address for change in by_hand}
        differing = (c for c in looks.compared(workspace, source, stacks, stack) if c.address not in known)
        redeployed = (replace(the_other_way(change), because=()) for change in differing)
        look = looks.Look(Saved("settings", ""), (*by_hand, *redeployed), stack, answers.not_compared(found))
        return _planned(receipt.target, workspace, receipt.inputs_digest, look)

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """What differs right after a good apply."""
        return self.detect_drift(receipt).changes

    def observe(self, plan: Plan) -> Observation:
        """Where the stack is: as it was planned from, in a good end state, or in between."""
        workspace, saved = self.workspace, plans.load(plan)
        source, stacks = load(workspace, workspace.unit.inputs), Stacks(workspace.reading())
        stack = stacks.find(saved.stack)
        if stacks.basis(stack) == plan.basis:
            return Observation(Progress.UNCHANGED)
        if stack is not None and is_busy(stack):
            raise Unanswered(f"stack {saved.stack}: CloudFormation is still at work ({_status(stack)})")
        gone = stack is None or stack["StackStatus"] == "DELETE_COMPLETE"
        if saved.deed == "delete":
            return Observation(Progress.DONE) if gone else Observation(Progress.PARTIAL, detail=_status(stack))
        if stack is not None and stack["StackStatus"] in answers.GOOD:
            return Observation(Progress.DONE, answers.outputs(stack, source.secrets))
        return Observation(Progress.PARTIAL, detail=f"stack {saved.stack} is {_status(stack)}")

    def adopt(self) -> Baseline | None:
        """The stack, where there is one."""
        workspace = self.workspace
        stack = Stacks(workspace.reading()).find(load(workspace, workspace.unit.inputs).stack)
        if stack is None or stack["StackStatus"] in answers.NOT_MADE | {"REVIEW_IN_PROGRESS"}:
            return None
        return Baseline(f"existing stack {stack['StackName']}, {_status(stack)}")


def _status(stack: Described | None) -> str:
    return str(stack["StackStatus"]) if stack else "not there"


def _planned(target: Target, workspace: Workspace, inputs_digest: str, look: looks.Look) -> Plan:
    stacks = Stacks(workspace.reading())
    warnings = tuple(dict.fromkeys(look.warnings))
    return Plan(
        target=target,
        engine="cloudformation",
        changes=look.changes,
        unit_digest=workspace.unit_digest,
        inputs_digest=inputs_digest,
        basis=stacks.basis(look.stack),
        artifact=plans.save(look.saved, workspace.folder),
        text=answers.text(look.changes, warnings),
        reversibility=answers.reversibility(
            look.changes, workspace.unit.protected, in_doubt=bool(look.doubts), retained=look.retained
        ),
        changes_outputs=look.outputs_only,
        warnings=warnings,
    )


def _done(workspace: Workspace, saved: Saved, stacks: Stacks, stack: Described | None) -> Applied:
    """Carry the plan's deed out and wait for its end, or for the unit's time limit."""
    source = replace(load(workspace, workspace.unit.inputs), parameters=saved.parameters)
    began = stacks.latest(stack)
    if saved.deed == "delete":
        return _deleted(workspace, stacks, stack, began)
    if saved.deed == "recreate" and stack is not None:
        gone = _deleted(workspace, stacks, stack, began)
        if gone.outcome is not Outcome.SUCCEEDED:
            return gone
        made = stacks.compare(source, None, workspace.unit_digest)
        saved = replace(saved, deed="execute", change_set=made["ChangeSetId"], digest=digest_of(made["Changes"]))
    if saved.deed == "execute":
        if digest_of(stacks.describe(saved.change_set)["Changes"]) != saved.digest:
            raise StalePlan(f"{saved.stack}: its change set is not the one that was planned; plan again")
        if saved.way_back and stack is not None and stacks.policy(stack):
            stacks.set_policy(saved.stack, looks.ALLOW_ALL)
        stacks.execute(saved.change_set)
    if saved.deed == "continue":
        stacks.continue_rollback(saved.stack)
    return _ended(workspace, source, saved, stacks, began)


def _ended(workspace: Workspace, source: Source, saved: Saved, stacks: Stacks, began: str) -> Applied:
    try:
        stack = stacks.settled(saved.stack, workspace.unit.time_limit, began)
    except Unanswered as error:
        return Applied(Outcome.UNANSWERED, detail=f"{error}; CloudFormation goes on by itself")
    good = answers.UPDATABLE if saved.deed in ("continue", "settings") else answers.GOOD
    if stack["StackStatus"] not in good:
        return Applied(Outcome.FAILED, detail=_why(stacks, stack, began, source))
    _set(workspace, source, stacks, stack)
    return Applied(Outcome.SUCCEEDED, answers.outputs(stack, source.secrets))


def _deleted(workspace: Workspace, stacks: Stacks, stack: Described | None, began: str) -> Applied:
    if stack is None:
        return Applied(Outcome.SUCCEEDED)
    stacks.delete(stack)
    try:
        ended = stacks.settled(stack["StackId"], workspace.unit.time_limit, began)
    except Unanswered as error:
        return Applied(Outcome.UNANSWERED, detail=f"{error}; CloudFormation goes on by itself")
    if ended["StackStatus"] != "DELETE_COMPLETE":
        return Applied(Outcome.FAILED, detail=_why(stacks, ended, began))
    return Applied(Outcome.SUCCEEDED)


def _set(workspace: Workspace, source: Source, stacks: Stacks, stack: Described) -> None:
    """Stack policy and termination protection as the release wants them."""
    policy = source.policy or (looks.ALLOW_ALL if stacks.policy(stack) else None)
    if policy is not None and policy != stacks.policy(stack):
        stacks.set_policy(stack["StackId"], policy)
    if bool(stack.get("EnableTerminationProtection")) != workspace.unit.protected:
        stacks.protect(stack["StackId"], workspace.unit.protected)


def _why(stacks: Stacks, stack: Described, began: str, source: Source | None = None) -> str:
    """What failed first, what became of the stack, and what to do where CloudFormation is stuck."""
    first = answers.first_failure(stacks.events(stack["StackId"], began))
    status, name = stack["StackStatus"], stack["StackName"]
    told = f"{first}\nstack {name} is {status}"
    if status == "UPDATE_ROLLBACK_FAILED":
        told += f": could not be put back: {names(stacks.resources(stack), '_FAILED')}"
    return str(answers.scrubbed(told, source.secrets if source else ()))


ENGINE = Engine(
    name="cloudformation", make=CloudFormation, reads=reads, interface=interface, needs_aws=lambda _, __: True
)
