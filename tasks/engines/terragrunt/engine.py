"""The terragrunt engine: the Terraform engine, working in the folder that Terragrunt prepares for a unit.

The Terraform engine reads plans, masks secrets, detects drift, and handles states and rollbacks. This module adds the
cases in which Terragrunt cannot be trusted:

| case | what happens |
| --- | --- |
| a plan would contain mock outputs | it is rejected before it is made |
| an interrupted Terragrunt reports a plan | `execution` checks the file and Terraform's own output |
| the state would be in another place than before | the plan is rejected; the message says how to move the state |
| modules differ from those verified upstream | this is reported, and rejected unless the unit allows it |
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from tasks import tool_environment
from tasks.domain.errors import Refused
from tasks.domain.outcome import Applied, Observation, Verification
from tasks.domain.plan import Change, Plan
from tasks.domain.platform import Unit
from tasks.domain.release import Baseline, Inputs, Receipt
from tasks.engines.base import Engine, Interface, Workspace
from tasks.engines.terraform import identity
from tasks.engines.terraform.engine import Terraform
from tasks.engines.terragrunt import commands, credentials, mocks, parity, record
from tasks.engines.terragrunt.execution import Around, TerragruntExecution
from tasks.engines.terragrunt.made_units import Made
from tasks.engines.terragrunt.options import TerragruntOptions
from tasks.engines.terragrunt.preparation import Preparation, prepared
from tasks.engines.terragrunt.sources import needs_aws, reads, unit_reads

NAME = "terragrunt"


class Terragrunt:
    """The engine for units that Terragrunt finds."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace = credentials.given(workspace)
        self._preparation = Preparation(workspace)

    def validate(self) -> None:
        """Check the unit's Terragrunt configuration, without the outputs of other units.

        Raises:
            Refused: Terragrunt rejects it.
            Unanswered: Terragrunt does not respond.
        """
        self._preparation.run(commands.validate(self._preparation.executable))

    def plan(self, inputs: Inputs) -> Plan:
        """Save a plan that is made from real outputs only.

        Outputs that the plan changes are not predicted: Terragrunt itself reads only applied outputs. So units that
        need them are planned after the apply.

        Args:
            inputs: the unit's inputs, outputs of other engines' units included.

        Raises:
            Refused: the plan would contain mocks, the state has moved, or the unit differs from upstream.
            Unanswered: Terragrunt, terraform or an API does not respond.
        """
        made = self._real(inputs)
        self._now = terraform = self._terraform(made)
        self._refuse_moved(terraform)
        plan = terraform.plan(inputs)
        told = (
            *parity.refuse_unlike(self.workspace, plan),
            *parity.other_providers(self.workspace),
            *credentials.warnings(self.workspace, made.configuration),
            *self._kept(made),
            *_ignored(self.workspace),
        )
        return self._named(
            replace(plan, outputs=None if plan.changes_outputs else plan.outputs, warnings=(*plan.warnings, *told))
        )

    def apply(self, plan: Plan) -> Applied:
        """Apply the saved plan file. Terraform runs directly, unless the unit has hooks or arguments for apply."""
        terraform = self._now
        self._preparation.forget()
        return terraform.apply(plan)

    def observe(self, plan: Plan) -> Observation:
        """Compare a new plan with `plan`, to find out how far an unanswered apply got."""
        return self._now.observe(plan)

    def verify(self) -> Verification:
        """Check that a new plan is empty."""
        return self._now.verify()

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """Plan the return to the receipt's release; without one, remove what the failed release created.

        Returns:
            The plan. None for a baseline, or if Terragrunt's `prevent_destroy` protects what would be removed.
        """
        if isinstance(to, Baseline):
            return None
        made = self._real(self.workspace.inputs)
        if to is None and made.configuration.prevents_destroy:
            return None
        plan = self._terraform(made).plan_rollback(failed, to)
        return self._named(plan) if plan else None

    def detect_drift(self, receipt: Receipt) -> Plan:
        """Return a plan whose changes are what somebody changed since the last apply was settled."""
        return self._named(self._now.detect_drift(receipt))

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Refresh the state after an apply, and return the differences that terraform still reports."""
        return self._now.settle(receipt)

    def adopt(self) -> Baseline | None:
        """Return a baseline with what the state contains; None if there is no state or no resource in it."""
        return self._now.adopt()

    def _real(self, inputs: Inputs) -> Made:
        """Prepare the unit for a plan, and raise `Refused` if the plan would contain mocks."""
        return self._preparation.made(
            inputs, lambda found: mocks.refuse(self._preparation, self.workspace, found, inputs)
        )

    @cached_property
    def _now(self) -> Terraform:
        """The Terraform engine as `plan` prepared it; else prepared without the outputs of other units."""
        return self._terraform(self._preparation.made(self.workspace.inputs))

    def _terraform(self, made: Made) -> Terraform:
        workspace, preparation = self.workspace, self._preparation
        inner = replace(
            prepared(workspace, preparation.whole, made.folder), executable=preparation.terraform, beside=""
        )
        around = Around(
            preparation.executable,
            workspace.folder,
            workspace.unit.source,
            preparation.variables,
            made.configuration.acts_on_apply,
            made.recorded,
        )
        execution = TerragruntExecution(inner, around)
        return Terraform(inner, execution, _Ready(execution))

    def _refuse_moved(self, terraform: Terraform) -> None:
        receipt, place = self.workspace.receipt, terraform.place
        before = receipt.details.get(identity.PLACE) if receipt else ""
        if before and place and before != place:
            raise Refused(
                f"{self.workspace.unit.source}: its state was in {before} and would be in {place}: move it with "
                "terragrunt backend migrate and adopt it, or put the key or folder back"
            )

    def _kept(self, made: Made) -> Iterator[str]:
        if made.configuration.prevents_destroy and self.workspace.receipt is None:
            yield "prevent_destroy is set: a rollback leaves what this creates"

    def _named(self, plan: Plan) -> Plan:
        return replace(plan, engine=NAME)


def _ignored(workspace: Workspace) -> Iterator[str]:
    """Warn about variables that Terragrunt does not get. Raise `Refused` for `TF_VAR_` ones that it would get."""
    kept = sorted(name for name in workspace.processes.environment if name.startswith("TF_VAR_"))
    if kept:
        raise Refused(
            f"{workspace.unit.source}: FLOWMART_KEEP_VARIABLES keeps {', '.join(kept)}, which would win over "
            "Terragrunt's inputs: remove it there, and set the value in inputs"
        )
    for name in tool_environment.left_out(os.environ, ("TG_*", "TF_VAR_*")):
        yield f"{name} of the environment is not used: what a release does must not depend on the machine"


class _Ready:
    """A root that Terragrunt has already prepared."""

    needs_inputs = False
    var_files: tuple[str, ...] = ()
    var_files_of_apply: tuple[str, ...] = ()

    def __init__(self, execution: TerragruntExecution) -> None:
        self._execution = execution

    def prepare(self, inputs: Inputs) -> None:
        """Pass the inputs on to the next command."""
        self._execution.inputs = inputs.values


def interface(_: Path, __: str) -> Interface:
    """Return an empty interface: only Terragrunt knows a unit's inputs and outputs."""
    return Interface()


def faults(infrastructure: Path, unit: Unit) -> Iterator[str]:
    """Report a unit that is not among those that Terragrunt found."""
    found = record.load(infrastructure)
    if found is None or found.at(unit.source) is None:
        yield "is not a unit that Terragrunt found: remove it from units, and write the block terragrunt instead"


ENGINE = Engine(
    name=NAME,
    make=Terragrunt,
    reads=reads,
    interface=interface,
    executable="terragrunt",
    options=TerragruntOptions,
    unit_reads=unit_reads,
    faults=faults,
    runs="terraform",
    needs_aws=needs_aws,
)
