"""Terragrunt behind the engine protocol: the Terraform engine in the folder that Terragrunt prepares for a unit.

Reading plans, secrets, drift, states, rollbacks: all of that is the Terraform engine's. What is added here is what
must not be believed of Terragrunt:

    a plan that was made with mock outputs          is refused, before it is made
    a plan that an interrupted Terragrunt "made"    `execution` looks at the file and at Terraform's own answers
    a state that is elsewhere than it was           stops, with the way to move it
    modules unlike those verified upstream          are told, and refused unless the unit allows it
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
        """What Terragrunt has against the configuration, whatever the outputs of others will be."""
        self._preparation.run(commands.validate(self._preparation.executable))

    def plan(self, inputs: Inputs) -> Plan:
        """A saved plan, made of real outputs only; `Refused` where it would hold what must not be applied.

        Outputs that it changes are not foretold: Terragrunt itself reads what is applied, so units that need them are
        planned once they are.
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
        """Apply the saved plan file, with Terraform itself wherever Terragrunt has nothing to add."""
        terraform = self._now
        self._preparation.forget()
        return terraform.apply(plan)

    def observe(self, plan: Plan) -> Observation:
        """Compare a new plan with `plan`."""
        return self._now.observe(plan)

    def verify(self) -> Verification:
        """Whether a new plan is empty."""
        return self._now.verify()

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """A plan back to the receipt's release; without one, a plan that removes what the failed release made.

        What `prevent_destroy` of Terragrunt protects is left as it is.
        """
        if isinstance(to, Baseline):
            return None
        made = self._real(self.workspace.inputs)
        if to is None and made.configuration.prevents_destroy:
            return None
        plan = self._terraform(made).plan_rollback(failed, to)
        return self._named(plan) if plan else None

    def detect_drift(self, receipt: Receipt) -> Plan:
        """What somebody changed since the last apply was settled."""
        return self._named(self._now.detect_drift(receipt))

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """Bring the state up to date, which writes nothing else; then what the tool still reports."""
        return self._now.settle(receipt)

    def adopt(self) -> Baseline | None:
        """The state, where there is one with resources in it."""
        return self._now.adopt()

    def _real(self, inputs: Inputs) -> Made:
        """The unit, ready for a plan; `Refused` where that would hold mocks."""
        return self._preparation.made(
            inputs, lambda found: mocks.refuse(self._preparation, self.workspace, found, inputs)
        )

    @cached_property
    def _now(self) -> Terraform:
        """Terraform, ready for what is already there."""
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
    """Variables of the caller that would change what every machine does, and are kept from Terragrunt."""
    kept = sorted(name for name in workspace.processes.environment if name.startswith("TF_VAR_"))
    if kept:
        raise Refused(
            f"{workspace.unit.source}: FLOWMART_KEEP_VARIABLES keeps {', '.join(kept)}, which would win over "
            "Terragrunt's inputs: remove it there, and set the value in inputs"
        )
    for name in tool_environment.left_out(os.environ, ("TG_*", "TF_VAR_*")):
        yield f"{name} of the environment is not used: what a release does must not depend on the machine"


class _Ready:
    """A root that Terragrunt has made ready."""

    needs_inputs = False
    var_files: tuple[str, ...] = ()

    def __init__(self, execution: TerragruntExecution) -> None:
        self._execution = execution

    def prepare(self, inputs: Inputs) -> None:
        """Give the inputs to the next command."""
        self._execution.inputs = inputs.values


def interface(_: Path, __: str) -> Interface:
    """What a unit takes and gives: only Terragrunt can tell."""
    return Interface()


def faults(infrastructure: Path, unit: Unit) -> Iterator[str]:
    """That the unit is none of those that Terragrunt found."""
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
