"""The CloudFormation engine: change sets, executed exactly as they were planned.

A plan is a change set, which CloudFormation computes and executes itself. The plan records the change set's ARN and
the stack's basis; if either has changed, the plan is stale. Sometimes no change set is possible: to delete a stack,
to replace one that a failed create left behind, or to continue a rollback that failed. Then the plan's artifact says
what to do instead.

CloudFormation continues without us after an unanswered apply, so the stack's status and events show how it ended.
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
        """Check that template, parameters and inputs fit together, whatever the outputs of other units will be."""
        self._stacks.validate(self._source.package)

    def plan(self, inputs: Inputs) -> Plan:
        """Create a change set and return its changes.

        Raises:
            Refused: CloudFormation rejects the change set, the stack is stuck, or an export in use would be removed.
            Unanswered: CloudFormation does not respond, or another operation is in progress on the stack.
            InvalidInput: a file or an input is wrong.
        """
        source, stacks = load(self.workspace, inputs.values), self._stacks
        found = comparisons.compare(self.workspace, source, stacks)
        return self._planned(self.workspace.target, inputs.digest, source, found)

    def apply(self, plan: Plan) -> Applied:
        """Execute the planned operation. Nothing is done if the change set or the stack has changed.

        Raises:
            StalePlan: the stack or its change set is not as it was when the plan was made.
        """
        saved, stacks = plans.load(plan), Stacks(self.workspace.writing())
        try:
            now = stacks.find(saved.stack)
            execution.refuse_stale(plan, saved, stacks, now)
            source = replace(self._source, parameters=saved.parameters)
            return execution.Execution(stacks, source, self.workspace).carry_out(saved, now)
        except Unanswered as error:
            return Applied.unanswered(error, f"{error}; CloudFormation may go on by itself")

    def observe(self, plan: Plan) -> Observation:
        """Find out from the stack's status how far the apply got.

        Raises:
            Unanswered: CloudFormation is still working on the stack, or does not respond.
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
        """Check that the stack's status is good, another change set would be empty, and nothing has drifted.

        What differs since its import is drift that no apply or rollback of ours repairs, so it is left out.
        """
        source, stacks = self._source, self._stacks
        stack = stacks.find(source.stack)
        if stack is not None and is_busy(stack):
            return Verification(Outcome.FAILED, pending=True, detail=f"stack {source.stack} is {_status(stack)}")
        if stack is None or stack["StackStatus"] not in answers.UPDATABLE:
            return Verification(Outcome.FAILED, detail=f"stack {source.stack} is {_status(stack)}")
        found = self._differences(source, stacks, stack)[0]
        differing = tuple(change.reversed for change in found if change.note != SINCE_IMPORT)
        return Verification(Outcome.FAILED if differing else Outcome.SUCCEEDED, differing)

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Plan the change set to the receipt's release or to the baseline; without either, plan to delete the stack.

        Returns:
            The plan; None if the baseline records nothing to return to.

        Raises:
            Refused: the stack is stuck, or an adopted stack could only be recreated.
        """
        workspace, stacks = self.workspace, self._stacks
        source = self._adopted(to) if isinstance(to, Baseline) and to.data else self._source
        if isinstance(to, Baseline) and not to.data:
            return None
        found = self._compared_back(source, stacks, to)
        found = replace(found, saved=replace(found.saved, rollback=True))
        digest = to.inputs_digest if isinstance(to, Receipt) else Inputs().digest
        return self._planned(workspace.target, digest, source, found)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Compare resources with the stack (drift detection), and the stack with the receipt's release (change set).

        Returns:
            A plan with the differences; resources that CloudFormation cannot compare become warnings.

        Raises:
            Unanswered: another operation is in progress, or CloudFormation does not respond.
        """
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
        """Return the differences right after a good apply, such as values that a service writes in another form.

        Imported resources that differ from the template are left out: they stay drift until their next update.
        """
        return tuple(change for change in self.detect_drift(receipt).changes if change.note != SINCE_IMPORT)

    def adopt(self) -> Baseline | None:
        """Return the existing stack with its template and parameters; None if there is none."""
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
            # The run that is being rolled back began this operation. CloudFormation finishes it with or without us.
            stack = stacks.settled(stack["StackId"], self.workspace.unit.time_limit)
        if to is None:
            return comparisons.deletion(self.workspace, source, stacks, stack)
        if stack is not None and stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED":
            return comparisons.continuation(source, stacks, stack)
        found = comparisons.compare(self.workspace, source, stacks)
        if not isinstance(to, Baseline):
            return found
        if found.saved.operation == "recreate":
            raise Refused(f"stack {source.stack} is {_status(stack)}: it existed before and is not deleted; fix it")
        return replace(found, warnings=(*found.warnings, *baselines.not_restored(to)))

    def _differences(
        self, source: Source, stacks: Stacks, stack: Described
    ) -> tuple[tuple[Change, ...], tuple[str, ...]]:
        """Return what is not as released (`before` as released, `after` as it is), and what cannot be compared."""
        found = stacks.drifts(stack)
        by_hand = answers.drifted(found, source.secrets)
        by_hand = answers.since_import(by_hand, stacks.resources(stack)) if by_hand else ()
        if stack["StackStatus"] not in answers.UPDATABLE:
            return (*by_hand, answers.stuck(stack)), answers.not_compared(found)
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
            reversibility=found.reversibility(source.protected),
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
    usual_seconds=20.0,
)
