"""Terraform behind the engine protocol: saved plans, applied exactly as they were planned.

Reading (plan, verify, drift) uses the environment's read-only credentials, applying its writing ones. A saved
plan is bound twice to what was seen when it was made: the file by its SHA-256, the state by lineage and serial,
looked up again right before the apply, since a first plan without a lineage can otherwise be applied twice.
"""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import structlog

from tasks.domain.errors import FlowmartError, Refused, StalePlan, Unanswered
from tasks.domain.outcome import Applied, Observation, Outcome, Verification
from tasks.domain.plan import Change, Plan
from tasks.domain.release import Baseline, Inputs, Receipt
from tasks.engines import sealed
from tasks.engines.base import Engine, Variables, Workspace
from tasks.engines.observations import observed, verified
from tasks.engines.terraform import answers as answers
from tasks.engines.terraform import commands as commands
from tasks.engines.terraform.interface import interface
from tasks.engines.terraform.providers import needs_aws
from tasks.engines.terraform.sources import reads
from tasks.processes import Command, Finished

log = structlog.get_logger("flowmart.terraform")

_plugin_cache = threading.Lock()
"""Terraform's plugin cache is not safe for several inits at once (its documentation says so)."""


class Terraform:
    """The engine for units whose source is a terraform root with a remote backend."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._executable = workspace.executable

    def validate(self) -> None:
        """Init and validate: providers, backend and code are right, whatever the outputs of others will be."""
        workspace = self.workspace
        self._prepare(workspace, Inputs())
        self._asked(commands.validate(self._executable), workspace, workspace.reading)

    def plan(self, inputs: Inputs) -> Plan:
        """A saved plan of the target, and what it changes."""
        return self._plan(inputs)

    def apply(self, plan: Plan) -> Applied:
        """Apply the saved plan file of `plan`; `StalePlan` when the file or the state is not what it was."""
        workspace = self.workspace
        self._refuse_stale(plan, workspace)
        command = commands.apply(self._executable)
        try:
            finished = self._run(command, workspace, workspace.writing)
        except Unanswered as error:
            return Applied(Outcome.UNANSWERED, detail=f"{error}{self._save_state(workspace)}")
        if finished.exit_code != 0:
            why = answers.scrubbed(answers.why(finished.stderr), _known_secrets(workspace))
            if answers.is_locked(finished.stderr):
                raise Unanswered(f"{plan.target}: nothing was applied, somebody else holds the state's lock\n{why}")
            return Applied(Outcome.FAILED, detail=f"{why}{self._save_state(workspace)}")
        found = self._asked(commands.output(self._executable), workspace, workspace.reading)
        return Applied(Outcome.SUCCEEDED, answers.outputs(found))

    def verify(self) -> Verification:
        """Whether a new plan of the target is empty."""
        return verified(self._plan(self.workspace.inputs))

    def plan_rollback(self, failed: Workspace, to: Receipt | Baseline | None) -> Plan | None:
        """A plan back to the receipt's release; without one, a plan that destroys what the failed release made."""
        if isinstance(to, Baseline):
            return None
        return self._plan(self.workspace.inputs, destroy=to is None)

    def detect_drift(self, receipt: Receipt) -> Plan:
        """What a refresh finds different from the state: `resource_drift`, whether or not it would be planned."""
        return self._plan(self.workspace.inputs, refresh_only=True)

    def observe(self, plan: Plan) -> Observation:
        """Compare the state and a new plan with those of `plan`."""
        workspace = self.workspace
        again = self._plan(workspace.inputs, destroy=plan.removed != frozenset() and not plan.created)
        outputs = self._asked(commands.output(self._executable), workspace, workspace.reading)
        return observed(plan, again, answers.outputs(outputs))

    def settle(self, receipt: Receipt) -> tuple[Change, ...]:
        """What a refresh and a plan report right after a good apply."""
        return self.detect_drift(receipt).changes

    def adopt(self) -> Baseline | None:
        """The state, where there is one with resources in it."""
        workspace = self.workspace
        self._prepare(workspace, workspace.inputs)
        return answers.baseline(self._asked(commands.state_pull(self._executable), workspace, workspace.reading))

    def _plan(self, inputs: Inputs, *, destroy: bool = False, refresh_only: bool = False) -> Plan:
        workspace, target = self.workspace, self.workspace.target
        self._prepare(workspace, inputs)
        basis = answers.basis(self._asked(commands.state_pull(self._executable), workspace, workspace.reading))
        command = commands.plan(self._executable, destroy=destroy, refresh_only=refresh_only)
        text = self._asked(command, workspace, workspace.reading, good=(0, 2))
        shown = self._asked(commands.show(self._executable), workspace, workspace.reading)
        secrets = answers.secrets(shown)
        _keep_secrets(workspace, secrets)
        changes = answers.drifted(shown) if refresh_only else answers.planned_changes(shown)
        return Plan(
            target=target,
            engine="terraform",
            changes=changes,
            unit_digest=workspace.unit_digest,
            inputs_digest=inputs.digest,
            basis=basis,
            artifact=sealed.seal(workspace.folder / commands.PLAN_FILE),
            text=answers.scrubbed(text, secrets),
            reversibility=answers.reversibility(changes, workspace.unit.protected),
            changes_outputs=answers.applyable(shown),
            warnings=answers.notes(shown),
        )

    def _prepare(self, workspace: Workspace, inputs: Inputs) -> None:
        if inputs.values:
            (workspace.folder / commands.VARIABLES_FILE).write_text(json.dumps(dict(inputs.values)))
        initialised = workspace.folder / ".terraform" / "flowmart-initialised"
        if initialised.exists():
            return
        with _plugin_cache if "TF_PLUGIN_CACHE_DIR" in workspace.processes.environment else nullcontext():
            self._asked(commands.init(self._executable), workspace, workspace.reading)
        initialised.parent.mkdir(exist_ok=True)
        initialised.touch()

    def _refuse_stale(self, plan: Plan, workspace: Workspace) -> None:
        sealed.intact(plan)
        now = answers.basis(self._asked(commands.state_pull(self._executable), workspace, workspace.writing))
        if now != plan.basis:
            raise StalePlan(f"{plan.target}: planned from state {plan.basis or 'none'}, it is {now} now; plan again")

    def _save_state(self, workspace: Workspace) -> str:
        """After a failed apply: push the state that terraform could not save. What came of it, for the detail."""
        unanswered = workspace.folder / "errored.tfstate"
        if not unanswered.exists():
            return ""
        try:
            self._asked(commands.state_push(self._executable, unanswered), workspace, workspace.writing)
        except FlowmartError as error:
            kept = _kept(unanswered, f"{workspace.environment.name}-{workspace.unit.name}")
            return f"\nThe state could not be saved: {error}\nIt is kept in {kept}: push it before anything else."
        return "\nTerraform could not save the state; it was pushed afterwards and is complete."

    def _asked(
        self, argv: tuple[str, ...], workspace: Workspace, variables: Variables, good: tuple[int, ...] = (0,)
    ) -> str:
        """Standard output of a command that must end well; `Unanswered` or `Refused` says why it did not."""
        finished = self._run(argv, workspace, variables)
        if finished.exit_code in good:
            return finished.stdout
        kind = Unanswered if answers.could_not_ask(finished.stderr) or finished.exit_code < 0 else Refused
        place = f"{workspace.unit.name} in {workspace.environment.name}"
        raise kind(f"terraform {argv[1]} of {place}: {answers.why(finished.stderr)}")

    def _run(self, argv: tuple[str, ...], workspace: Workspace, variables: Variables) -> Finished:
        variables_now = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", **variables()}
        finished = workspace.processes.run(Command(argv, workspace.folder, variables_now, workspace.unit.time_limit))
        log.debug(
            "ran", command=" ".join(argv[1:3]), seconds=round(finished.seconds, 2), exit_code=finished.exit_code
        )
        return finished


def _kept(state: Path, name: str) -> Path:
    """Move a state that could not be saved out of the temporary checkout, for its owner's eyes only."""
    place = Path.cwd() / ".flowmart"
    place.mkdir(exist_ok=True)
    kept = place / f"errored-{name}-{datetime.now(UTC):%Y%m%dT%H%M%S}.tfstate"
    shutil.move(state, kept)
    kept.chmod(0o600)
    return kept


def _keep_secrets(workspace: Workspace, secrets: frozenset[str]) -> None:
    """Beside the plan file, which holds them too: what must not stand in an error of the apply."""
    file = workspace.folder / commands.SECRETS_FILE
    file.touch(mode=0o600)
    file.write_text(json.dumps(sorted(secrets)))


def _known_secrets(workspace: Workspace) -> list[str]:
    found: list[str] = json.loads((workspace.folder / commands.SECRETS_FILE).read_text())
    return found


ENGINE = Engine(
    name="terraform", make=Terraform, reads=reads, interface=interface, executable="terraform", needs_aws=needs_aws
)
