"""The terraform engine: saves plans, applies them exactly as they were planned, and detects drift.

Plans, verifications and drift checks use the environment's read-only credentials and take no lock. Applies use the
writing credentials. A saved plan is bound twice to what it was made from: the file by its SHA-256, the state by its
lineage and serial. Terraform compares both under the state's lock, but for a first plan it compares only the serial.
So the engine checks right before a first apply that there is still no state.

After a good apply, `settle` writes into the state what the provider reports now: defaults, and effects of objects on
each other. It applies one refresh-only plan for that. Any difference that a later refresh finds was made by somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.domain.errors import Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Progress, Verification
from tasks.domain.plan import Action, Change, Plan, StateChange
from tasks.domain.release import Baseline, Inputs, Receipt
from tasks.engines import sealed
from tasks.engines.base import Engine, Workspace
from tasks.engines.observations import observed, verified
from tasks.engines.terraform import (
    answers,
    backends,
    builds,
    commands,
    drift,
    errors,
    identity,
    locks,
    plans,
    reading,
    rollbacks,
    secrets,
    states,
    vendoring,
)
from tasks.engines.terraform.answers import Document
from tasks.engines.terraform.configuration import ignored, imports, is_undeletable, moves
from tasks.engines.terraform.execution import Ended, Execution
from tasks.engines.terraform.interface import interface
from tasks.engines.terraform.mistakes import faults, place, supplied
from tasks.engines.terraform.named_files import unit_reads
from tasks.engines.terraform.options import TerraformOptions, options
from tasks.engines.terraform.planning import Planning
from tasks.engines.terraform.preparation import Preparation, Root
from tasks.engines.terraform.providers import needs_aws
from tasks.engines.terraform.sources import reads
from tasks.engines.terraform.text import text
from tasks.engines.terraform.validators import VALIDATORS


class Terraform:
    """The engine for units whose source is a terraform root with a remote backend.

    Args:
        workspace: the unit, its environment and its credentials.
        terraform: runs the tool; by default terraform itself. The terragrunt engine passes its own.
        root: prepares the root; by default `Preparation`. The terragrunt engine passes its own.
    """

    def __init__(self, workspace: Workspace, terraform: Execution | None = None, root: Root | None = None) -> None:
        chosen = options(workspace.unit.options).binary or workspace.executable
        self.workspace = workspace = replace(workspace, executable=chosen)
        self._executable = chosen
        self._terraform = terraform or Execution(workspace)
        self._root: Root = root or Preparation(workspace, self._terraform)
        self._planning = Planning(workspace, self._terraform, self._root)
        self._planned_from: Document | None = None

    @property
    def place(self) -> str:
        """The location of the state; known once the root is prepared."""
        return self._terraform.place

    def validate(self) -> None:
        """Run `init` and `validate`: check providers, backend and code without the outputs of other units.

        If `init` itself depends on inputs, nothing is checked until they are known.
        """
        if self._root.needs_inputs:
            return
        self._root.prepare(Inputs())
        self._terraform.read(commands.validate(self._executable))

    def plan(self, inputs: Inputs) -> Plan:
        """Save a plan. Its warnings name modules outside the release, and what a rollback would not undo.

        Raises:
            Refused: terraform rejects the plan. Or the state belongs to another environment, is not the one last
                applied, or the release got other provider builds elsewhere.
        """
        made = self._saved(inputs)
        elsewhere = self.workspace.elsewhere()
        identity.refuse_shared(self.workspace, self._terraform.place, elsewhere)
        builds.refuse_another(self.workspace, elsewhere)
        return replace(made, warnings=(*made.warnings, *vendoring.warnings(self.workspace), *self._not_undone(made)))

    def apply(self, plan: Plan) -> Applied:
        """Apply the saved plan file of `plan`.

        Returns:
            The outcome, with the outputs if it succeeded and terraform's errors if it did not.

        Raises:
            StalePlan: the plan file or the state has changed since the plan. Nothing was applied.
            Unanswered: the state cannot be read, before or after the apply.
        """
        kept = plans.load(self.workspace.folder) or plans.Kept()
        self._terraform.secrets |= kept.secrets
        self._terraform.private = kept.private
        self._refuse_stale(plan)
        try:
            argv = commands.apply(self._executable, var_files=self._root.var_files_of_apply)
            ended = self._terraform.run(argv, self.workspace.writing)
        except Unanswered as error:
            saved = states.save(self.workspace, self._terraform)
            return replace(Applied.unanswered(error, f"{error}{saved.detail}"), unsaved=not saved.complete)
        if ended.exit_code == 0:
            failed = "\n".join(answers.failed_checks_of(ended.stdout))
            outputs, details = answers.outputs_of(ended.stdout), self._details(self._state_after_apply())
            return Applied(Outcome.SUCCEEDED, kept.private.masked(outputs), self._terraform.shown(failed), details)
        return self._failed(plan, ended, kept)

    def observe(self, plan: Plan) -> Observation:
        """Make a new plan and compare it with `plan`, to find out how far an unanswered apply got.

        It takes the state's lock for a moment, which needs the writing credentials.

        Returns:
            The progress. It is partial if the creation of an object started but its result is unknown.

        Raises:
            Unanswered: somebody else holds the state's lock, or what was applied cannot be saved in the state yet.
        """
        self._push_kept()
        kept = plans.load(self.workspace.folder) or plans.Kept(destroy=_removes_all(plan))
        document = self._planning.planned(self.workspace.inputs, commands.LOOK_FILE, destroy=kept.destroy, locks=True)
        state = self._planning.state_behind(commands.LOOK_FILE)
        again = self._plan_from(document, self.workspace.inputs, state)
        if lost := sorted(kept.lost & again.created):
            why = "was begun and got no answer; look whether it exists, then import or delete it"
            return Observation(Progress.PARTIAL, detail=f"the creation of {', '.join(lost)} {why}")
        outputs = self._terraform.private.masked(answers.outputs_in(state))
        return replace(observed(plan, again, outputs), details=self._details(state))

    def verify(self) -> Verification:
        """Check that a new plan of the unit is empty."""
        document = self._planning.looked()
        return verified(self._plan_from(document, self.workspace.inputs, {}))

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Plan the return to the receipt's release; without one, destroy what the failed release created.

        Returns:
            The plan; None for a baseline. Terraform keeps no earlier version of objects that FlowMart did not apply,
            so the unit stays as it is.

        Raises:
            Refused: the rollback would create objects that exist and are only no longer managed.
        """
        if isinstance(to, Baseline):
            return None
        if to is None:
            self._push_kept()
            return self._saved(self.workspace.inputs, destroy=True)
        self._push_kept()
        self._write_undo(failed.state_changes)
        made = self._saved(self.workspace.inputs)
        if twice := rollbacks.created_twice(made, failed.state_changes):
            raise Refused(
                f"it would create what exists and is only not managed any more: {', '.join(twice)}; "
                "import it, then promote again"
            )
        return made

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Return a plan whose changes are what somebody changed since the last apply was settled."""
        document = self._planning.looked()
        found = self._drift(document)
        plan = self._plan_from(document, self.workspace.inputs, self._planning.state_behind(commands.LOOK_FILE))
        return replace(
            plan,
            changes=found.changes,
            changes_outputs=False,
            output_changes=(),
            outputs=None,
            unknown=(),
            secrets="",
            text=text(found.changes),
            warnings=found.notes,
        )

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Refresh the state after an apply, and return the differences that terraform still reports.

        Only the state is written. The refresh is not applied if it does not find some objects: right after an apply
        the API may not list them yet, and an object that is removed from the state is no longer managed.
        """
        document = self._planning.looked()
        if drift.has_refreshed(document) and not drift.loses_objects(document):
            self._refreshed(self.workspace.inputs)
            document = self._planning.looked()
        return (*answers.planned_changes(document), *self._drift(document).changes)

    def adopt(self) -> Baseline | None:
        """Return a baseline with what the state contains; None if there is no state or no resource in it.

        If a plan was just made, the state of that plan is used.
        """
        if self._planned_from is not None:
            return answers.baseline(self._planned_from)
        self._root.prepare(self.workspace.inputs)
        return answers.baseline(self._planning.state())

    def _saved(self, inputs: Inputs, *, destroy: bool = False) -> Plan:
        """Save a plan that can be applied."""
        document = self._planning.planned(inputs, commands.PLAN_FILE, destroy=destroy)
        self._planned_from = state = self._planning.state_behind(commands.PLAN_FILE)
        states.refuse_lacking(self.workspace, self._terraform, state)
        found = secrets.of_plan(document) | self._terraform.secrets
        plans.save(plans.Kept(destroy, found, private=self._terraform.private), self.workspace.folder)
        artifact = sealed.seal(self.workspace.folder / commands.PLAN_FILE)
        return replace(self._plan_from(document, inputs, state), artifact=artifact)

    def _push_kept(self) -> None:
        self._root.prepare(self.workspace.inputs)
        states.push_kept(self.workspace, self._terraform)

    def _plan_from(self, document: Document, inputs: Inputs, state: Document) -> Plan:
        made = reading.plan_of(document, self.workspace, inputs, answers.basis(state), self._terraform.private)
        return replace(made, warnings=(*made.warnings, *self._switched(document)))

    def _state_after_apply(self) -> Document:
        """Read the state after an apply, or raise `Unanswered`: a failed read does not mean that the apply failed."""
        try:
            return self._planning.state(self.workspace.writing)
        except Refused as error:
            raise Unanswered(f"applied, but its state cannot be read: {error}") from error

    def _details(self, state: Document) -> Mapping[str, Any]:
        chosen = self._terraform.options.workspace or backends.DEFAULT
        found = identity.details(self._terraform.place, chosen, state, self._executable)
        return {**found, **builds.details(self.workspace.folder)}

    def _switched(self, document: Document) -> tuple[str, ...]:
        tool = identity.tool(self._executable, document)
        return identity.warnings(self.workspace.receipt, self._terraform.place, tool)

    def _not_undone(self, plan: Plan) -> tuple[str, ...]:
        """List what a rollback of `plan` leaves or stops at; empty if it would leave the whole unit as it is."""
        workspace = self.workspace
        if workspace.baseline is not None and workspace.receipt is None:
            return ()
        first = workspace.receipt is None
        kept = [each for each in plan.created if first and is_undeletable(workspace.folder, each)]
        return tuple(rollbacks.not_undone(plan, kept, first=first))

    def _write_undo(self, changes: tuple[StateChange, ...]) -> None:
        folder = self.workspace.folder
        if not changes:
            return
        self._root.prepare(self.workspace.inputs)
        (folder / commands.UNDO_FILE).write_text(rollbacks.undo(changes, moves(folder), imports(folder)))

    def _drift(self, document: Document) -> drift.Drift:
        folder, source = self.workspace.folder, self.workspace.unit.source
        return drift.found_in(document, source, self._terraform.kind, lambda address: ignored(folder, address))

    def _refreshed(self, inputs: Inputs, *, again: bool = True) -> None:
        file, writing = commands.REFRESH_FILE, self.workspace.writing
        argv = commands.plan(self._executable, file, refresh_only=True, var_files=self._root.var_files)
        self._terraform.read(argv, good=(0, 2))
        (self.workspace.folder / file).chmod(0o600)
        argv = commands.apply(self._executable, file, var_files=self._root.var_files_of_apply)
        ended = self._terraform.run(argv, writing)
        saved = states.save(self.workspace, self._terraform, keeps=False)
        if self._terraform.released(ended) and again:
            self._refreshed(inputs, again=False)
        elif ended.exit_code != 0:
            raise Unanswered(f"{self._terraform.error(argv, ended)}{saved.detail}")

    def _refuse_stale(self, plan: Plan) -> None:
        sealed.intact(plan)
        if plan.basis:
            return
        now = answers.basis(self._planning.state(self.workspace.writing))
        if now != plan.basis:
            raise StalePlan(f"{plan.target}: planned without a state, it is {now} now; plan again")

    def _failed(self, plan: Plan, ended: Ended, kept: plans.Kept) -> Applied:
        if any(item.summary in errors.STALE for item in ended.errors):
            raise StalePlan(f"{plan.target}: {self._terraform.why(ended)}; plan again")
        if locks.held(ended.errors):
            free = "the state had a stale lock, which is released now" if self._terraform.released(ended) else ""
            why = free or self._terraform.why(ended)
            return Applied(Outcome.UNANSWERED, detail=f"nothing was applied\n{why}")
        lost = errors.lost(ended.errors, answers.unfinished(ended.stdout)) & plan.created
        plans.save(replace(kept, lost=kept.lost | lost), self.workspace.folder)
        saved = states.save(self.workspace, self._terraform)
        self._terraform.released(ended)
        left = _without_unsaved(ended)
        answered = saved.complete and left.errors and left.outcome is Outcome.FAILED
        outcome = Outcome.FAILED if answered else Outcome.UNANSWERED
        throttled = outcome is Outcome.UNANSWERED and ended.throttled
        told = f"{self._terraform.why(ended)}{saved.detail}"
        return Applied(outcome, detail=told, throttled=throttled, unsaved=not saved.complete)


def _without_unsaved(ended: Ended) -> Ended:
    """Leave out the errors about saving the state, which has been saved since."""
    return replace(ended, errors=tuple(item for item in ended.errors if item.summary not in errors.UNSAVED))


def _removes_all(plan: Plan) -> bool:
    return bool(plan.changes) and all(change.action is Action.DELETE for change in plan.changes)


ENGINE = Engine(
    name="terraform",
    make=Terraform,
    reads=reads,
    interface=interface,
    executable="terraform",
    needs_aws=needs_aws,
    options=TerraformOptions,
    unit_reads=unit_reads,
    shares_source=True,
    validators=VALIDATORS,
    faults=faults,
    supplied=supplied,
    place=place,
    vendor=vendoring.vendor,
)
