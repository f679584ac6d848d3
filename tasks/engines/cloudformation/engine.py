"""CloudFormation behind the engine protocol: change sets, executed exactly as they were planned.

A plan is a change set, which CloudFormation computes and carries out itself. The plan remembers it by its ARN and the
stack by what it was; when either has moved on, the plan is stale. Where no change set can be made (a stack to delete,
one that a failed create left behind, a rollback that got stuck) the plan's artifact says what is done instead.

After an apply without an answer CloudFormation goes on by itself, so the stack's status and events tell how it ended.
"""

from __future__ import annotations

from dataclasses import replace

from tasks.domain.errors import Refused, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import SINCE_IMPORT, Action, Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt, Target
from tasks.engines.base import Engine, Workspace
from tasks.engines.cloudformation import answers, baselines, comparisons, execution, plans
from tasks.engines.cloudformation.comparisons import Comparison
from tasks.engines.cloudformation.options import CloudFormationOptions
from tasks.engines.cloudformation.plans import Saved
from tasks.engines.cloudformation.progress import progress
from tasks.engines.cloudformation.sources import (
    Source,
    bucket_of,
    faults,
    interface,
    load,
    reads,
    supplied,
    unit_interface,
    unit_reads,
)
from tasks.engines.cloudformation.stacks import Described, Stacks, is_busy
from tasks.engines.cloudformation.validators import VALIDATORS

_NOTHING = Saved("nothing", "")


class CloudFormation:
    """The engine for units whose source is a folder with a template."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def validate(self) -> None:
        """Template, parameters and inputs fit together, whatever the outputs of others will be."""
        self._stacks.validate(self._source.package)

    def plan(self, inputs: Inputs) -> Plan:
        """A change set, and what it changes."""
        source, stacks = load(self.workspace, inputs.values), self._stacks
        found = comparisons.compare(self.workspace, source, stacks)
        return self._planned(self.workspace.target, inputs.digest, source, found)

    def apply(self, plan: Plan) -> Applied:
        """Do exactly what was planned; `StalePlan` when the change set or the stack is not what it was."""
        saved, stacks = plans.load(plan), Stacks(self.workspace.writing())
        try:
            now = stacks.find(saved.stack)
            execution.refuse_stale(plan, saved, stacks, now)
            source = replace(self._source, parameters=saved.parameters)
            return execution.Execution(stacks, source, self.workspace).carry_out(saved, now)
        except Unanswered as error:
            return Applied.unanswered(error, f"{error}; CloudFormation may go on by itself")

    def observe(self, plan: Plan) -> Observation:
        """Where the stack is: as it was planned from, in an end state, or in between.

        Raises:
            Unanswered: CloudFormation is still working on the stack.
        """
        saved, stacks = plans.load(plan), self._stacks
        stack = stacks.find(saved.stack) or (stacks.find(saved.stack_id) if saved.stack_id else None)
        if stack is not None and is_busy(stack):
            raise Unanswered(f"stack {saved.stack}: CloudFormation is still working ({_status(stack)})")
        if stacks.basis(stack) == plan.basis:
            return Observation(Progress.UNCHANGED)
        failed = stacks.first_failure(stack["StackId"], saved.since) if stack else ""
        failed = "" if failed == answers.NO_REASON else failed
        secrets = self._source.secrets
        return progress(saved, stack, secrets, str(answers.scrubbed(failed, secrets)))

    def verify(self) -> Verification:
        """Whether the stack is in a good state, another change set would be empty, and nothing has drifted."""
        source, stacks = self._source, self._stacks
        stack = stacks.find(source.stack)
        if stack is not None and is_busy(stack):
            return Verification(Outcome.FAILED, pending=True, detail=f"stack {source.stack} is {_status(stack)}")
        if stack is None or stack["StackStatus"] not in answers.UPDATABLE:
            return Verification(Outcome.FAILED, detail=f"stack {source.stack} is {_status(stack)}")
        differing = tuple(change.reversed for change in self._differences(source, stacks, stack)[0])
        return Verification(Outcome.FAILED if differing else Outcome.SUCCEEDED, differing)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Back to the template and parameters of the receipt's release, or of the baseline; else the stack goes."""
        workspace, stacks = self.workspace, self._stacks
        source = self._adopted(to) if isinstance(to, Baseline) and to.data else self._source
        if isinstance(to, Baseline) and not to.data:
            return None
        found = self._compared_back(source, stacks, to)
        found = replace(found, saved=replace(found.saved, rollback=True))
        digest = to.inputs_digest if isinstance(to, Receipt) else Inputs().digest
        return self._planned(workspace.target, digest, source, found)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Resources that are not as the stack has them, and a stack that is not as the receipt's release has it."""
        source, stacks = self._source, self._stacks
        stack = stacks.find(source.stack)
        if stack is None or stack["StackStatus"] in answers.NOT_MADE | {"REVIEW_IN_PROGRESS"}:
            gone = (Change(source.stack, answers.STACK, Action.DELETE, {"StackName": source.stack}, None),)
            return self._planned(receipt.target, receipt.inputs_digest, source, Comparison(_NOTHING, gone))
        if is_busy(stack):
            raise Unanswered(f"stack {source.stack}: another operation is in progress ({_status(stack)})")
        differing, not_compared = self._differences(source, stacks, stack)
        found = Comparison(_NOTHING, differing, stack, not_compared)
        return self._planned(receipt.target, receipt.inputs_digest, source, found)

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """What differs right after a good apply: values that the service writes in another form than the template.

        What was imported and is not as the template has it stays drift until somebody mends one of them.
        """
        return tuple(change for change in self.detect_drift(receipt).changes if change.note != SINCE_IMPORT)

    def adopt(self) -> Baseline | None:
        """The stack with its template and parameters, where there is one."""
        source, stacks = self._source, self._stacks
        stack = stacks.find(source.stack)
        if stack is None or stack["StackStatus"] in answers.NOT_MADE | {"REVIEW_IN_PROGRESS"}:
            return None
        return baselines.recorded(stack, stacks.template(stack), stacks.policy(stack))

    @property
    def _source(self) -> Source:
        return load(self.workspace, self.workspace.unit.inputs)

    @property
    def _stacks(self) -> Stacks:
        return Stacks(self.workspace.reading())

    def _adopted(self, baseline: Baseline) -> Source:
        return baselines.source_of(baseline, bucket_of(self.workspace, self.workspace.unit.inputs))

    def _compared_back(self, source: Source, stacks: Stacks, to: Receipt | Baseline | None) -> Comparison:
        stack = stacks.find(source.stack)
        if stack is not None and is_busy(stack):
            # Begun by the run that is being rolled back: CloudFormation ends it, with or without us.
            stack = stacks.settled(stack["StackId"], self.workspace.unit.time_limit)
        if to is None:
            return comparisons.deletion(self.workspace, source, stacks, stack)
        if stack is not None and stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
            return comparisons.continuation(source, stacks, stack)
        found = comparisons.compare(self.workspace, source, stacks)
        if not isinstance(to, Baseline):
            return found
        if found.saved.operation == "recreate":
            raise Refused(f"stack {source.stack} is {_status(stack)}: it existed before and is not deleted; mend it")
        return replace(found, warnings=(*found.warnings, *baselines.not_restored(to)))

    def _differences(
        self, source: Source, stacks: Stacks, stack: Described
    ) -> tuple[tuple[Change, ...], tuple[str, ...]]:
        """What is not as released, `before` as released and `after` as it is; and what cannot be compared."""
        found = stacks.drifts(stack)
        by_hand = answers.drifted(found, source.secrets)
        by_hand = answers.since_import(by_hand, stacks.resources(stack)) if by_hand else ()
        known = {change.address for change in by_hand}
        differing = comparisons.differences(self.workspace, source, stacks, stack)
        updated = (replace(change.reversed, because=()) for change in differing if change.address not in known)
        return (*by_hand, *updated), answers.not_compared(found)

    def _planned(self, target: Target, inputs_digest: str, source: Source, found: Comparison) -> Plan:
        workspace, stacks = self.workspace, self._stacks
        warnings = tuple(dict.fromkeys(found.warnings))
        saved = replace(
            found.saved,
            stack_id=found.stack["StackId"] if found.stack else "",
            since=stacks.latest(found.stack),
            policy=source.policy,
            protected=source.protected,
        )
        return Plan(
            target=target,
            engine="cloudformation",
            changes=found.changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=inputs_digest,
            basis=stacks.basis(found.stack),
            artifact=plans.save(saved, workspace.unit.name, workspace.folder),
            text=answers.text(found.changes, warnings),
            reversibility=answers.reversibility(
                found.changes, source.protected, in_doubt=bool(found.doubts), retained=found.retained
            ),
            changes_outputs=found.outputs_only,
            warnings=warnings,
            state_changes=answers.state_changes(found.changes),
        )


def _status(stack: Described | None) -> str:
    return str(stack["StackStatus"]) if stack else "not there"


ENGINE = Engine(
    name="cloudformation",
    make=CloudFormation,
    reads=reads,
    unit_reads=unit_reads,
    interface=interface,
    unit_interface=unit_interface,
    options=CloudFormationOptions,
    faults=faults,
    supplied=supplied,
    shares_source=True,
    validators=VALIDATORS,
    needs_aws=lambda _, __: True,
)
