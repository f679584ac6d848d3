"""Run one unit's commands: Terraform directly in the folder that Terragrunt prepared, or under Terragrunt.

Terraform runs directly wherever Terragrunt has nothing to add, above all to apply a saved plan. Then the exit code is
Terraform's, and Terraform survives if the process that runs it is killed. Terragrunt is not reliable there: it exits
with 0 if it is interrupted or configured to ignore an error. If Terragrunt is killed, its Terraform dies of a broken
pipe without saving the state.

| command | runs |
| --- | --- |
| init, plan | directly, with what Terragrunt would pass to it; under Terragrunt if they have hooks |
| apply of a saved plan | directly; under Terragrunt if there are hooks or extra arguments for apply |
| show, output, state, providers, force-unlock | directly |

A command under Terragrunt has succeeded only if Terraform's own output says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.engines.base import Workspace
from tasks.engines.terraform import answers as terraform_answers
from tasks.engines.terraform import commands as terraform
from tasks.engines.terraform import diagnostics
from tasks.engines.terraform.execution import Ended, Execution
from tasks.engines.terragrunt import answers, commands, credentials
from tasks.engines.terragrunt.recording import Recorded
from tasks.processes import Command, Finished

_KILLED = -9
"""Used as the exit code if it is unknown how the command ended."""


@dataclass(frozen=True)
class Around:
    """How to run Terragrunt for a unit.

    Attributes:
        executable: the program.
        folder: the unit's own folder.
        source: that folder below infrastructure/, for messages.
        variables: the variables that it gets besides credentials.
        acts_on_apply: there are hooks or extra arguments for apply.
        recorded: how it would run Terraform for a plan; None if Terragrunt must run it itself.
    """

    executable: str
    folder: Path
    source: str
    variables: Mapping[str, str] = field(default_factory=dict)
    acts_on_apply: bool = False
    recorded: Recorded | None = None


class TerragruntExecution(Execution):
    """Runs Terraform in a workspace that Terragrunt prepared."""

    def __init__(self, workspace: Workspace, around: Around) -> None:
        super().__init__(workspace)
        self._around = around
        self.inputs: Mapping[str, Any] = {}
        """The outputs of other engines' units, and the inputs that platform.yaml sets."""

    def shown(self, text: str) -> str:
        """Mask the secrets in a text, and replace temporary paths by the unit's own."""
        text = super().shown(text)
        for temporary in (str(self._around.folder.resolve()), self._workspace.unit.source):
            text = text.replace(temporary, self._around.source)
        return text

    def _command(self, argv: tuple[str, ...], known: Mapping[str, str]) -> Command:
        known = {**known, **self._around.variables}
        given = commands.inputs(self.inputs)
        if not self._goes_around(argv):
            return super()._command(*self._by_itself(argv, credentials.without_terragrunt(known), given))
        if (saved := self._saved_by(argv)) is not None:
            # An old file must not be taken for the new plan if this command fails to write one.
            saved.unlink(missing_ok=True)
        whole = commands.around(self._around.executable, argv)
        limit = self._workspace.unit.time_limit
        return Command(whole, self._around.folder, {**known, **given}, limit, with_children=True)

    def _by_itself(
        self, argv: tuple[str, ...], known: Mapping[str, str], given: Mapping[str, str]
    ) -> tuple[tuple[str, ...], Mapping[str, str]]:
        """Return a command that runs directly, and its variables, with what the unit adds to a plan.

        An apply gets the unit's inputs again: no saved plan holds the values of ephemeral variables.
        """
        recorded = self._around.recorded
        if recorded is not None and argv[1] == "apply":
            inputs = {name: value for name, value in recorded.variables.items() if name.startswith("TF_VAR_")}
            return argv, {**known, **inputs, **given}
        if recorded is None or argv[1] != "plan":
            return argv, known
        return (*argv[:2], *recorded.arguments, *argv[2:]), {**known, **recorded.variables, **given}

    def _ended(self, argv: tuple[str, ...], finished: Finished) -> Ended:
        if not self._goes_around(argv):
            return super()._ended(argv, finished)
        wrong = diagnostics.errors(finished.stdout, "")
        if finished.exit_code != 0 and not wrong:
            wrong = answers.errors(finished.stderr) or diagnostics.errors("", finished.stderr)
        if answers.is_unreached(wrong):
            return Ended(_KILLED, finished.stdout, wrong)
        exit_code = answers.exit_code(finished.exit_code, wrong)
        if answers.killed(finished.stderr) or (exit_code == 0 and not self._is_done(argv, finished.stdout)):
            return Ended(_KILLED, finished.stdout, ())
        return Ended(exit_code, finished.stdout, wrong)

    def _is_done(self, argv: tuple[str, ...], stdout: str) -> bool:
        """Tell whether Terraform itself reports that it finished: an exit code of 0 is not enough."""
        if self._workspace.processes.stopped:
            return False
        if (saved := self._saved_by(argv)) is not None:
            return saved.is_file()
        return argv[1] != "apply" or is_applied(stdout)

    def _goes_around(self, argv: tuple[str, ...]) -> bool:
        if argv[1] == "apply":
            return self._around.acts_on_apply and terraform.PLAN_FILE in argv
        return self._around.recorded is None and argv[1] in ("init", "plan", "validate")

    def _saved_by(self, argv: tuple[str, ...]) -> Path | None:
        """Return the plan file that a command writes; None if it writes none."""
        named = next((word.removeprefix("-out=") for word in argv if word.startswith("-out=")), "")
        return self._workspace.folder / named if argv[1] == "plan" and named else None


def is_applied(stdout: str) -> bool:
    """Tell whether the lines of `apply -json` contain the summary of an apply."""
    ended = (line for line in terraform_answers.lines(stdout) if line.get("type") == "change_summary")
    summaries = [line["changes"].get("operation") for line in ended]
    return "apply" in summaries
