"""Runs one unit's commands: Terraform itself in the folder that Terragrunt prepared, or with Terragrunt around it.

Terraform runs by itself wherever Terragrunt has nothing to add, above all for the apply of a saved plan. Then the
exit code is Terraform's, and a kill is survived: Terragrunt ends with 0 when it is interrupted or told to ignore an
error, and a Terraform under it dies of a broken pipe, its state unsaved, when Terragrunt is killed.

| command | runs |
| --- | --- |
| init, plan | by itself, given what Terragrunt would give it; with hooks for them with Terragrunt around it |
| apply of a saved plan | by itself; with Terragrunt around it where hooks or added arguments are for apply |
| show, output, state, providers, force-unlock | by itself |

What ran with Terragrunt around it has succeeded only if Terraform's own answers say so.
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
"""In place of an exit code, where there is no answer."""


@dataclass(frozen=True)
class Around:
    """How Terragrunt is run for a unit.

    Attributes:
        executable: the program.
        folder: the unit's own folder.
        source: that folder below infrastructure/, as people know it.
        variables: what it gets besides credentials.
        acts_on_apply: whether hooks or added arguments are for apply.
        recorded: how it would run Terraform for a plan; None where it has to do that itself.
    """

    executable: str
    folder: Path
    source: str
    variables: Mapping[str, str] = field(default_factory=dict)
    acts_on_apply: bool = False
    recorded: Recorded | None = None


class TerragruntExecution(Execution):
    """Terraform in a workspace that Terragrunt prepared."""

    def __init__(self, workspace: Workspace, around: Around) -> None:
        super().__init__(workspace)
        self._around = around
        self.inputs: Mapping[str, Any] = {}
        """What other engines' units give, and what platform.yaml says besides."""

    def shown(self, text: str) -> str:
        """A text without secrets, with the unit's own path in place of temporary ones."""
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
            # One that is there already must not be taken for the one that is not made now.
            saved.unlink(missing_ok=True)
        whole = commands.around(self._around.executable, argv)
        limit = self._workspace.unit.time_limit
        return Command(whole, self._around.folder, {**known, **given}, limit, with_children=True)

    def _by_itself(
        self, argv: tuple[str, ...], known: Mapping[str, str], given: Mapping[str, str]
    ) -> tuple[tuple[str, ...], Mapping[str, str]]:
        """A command, and its variables, with what the unit adds to a plan."""
        recorded = self._around.recorded
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
        # Without -detailed-exitcode 2 says no more than 1: it is a hook's.
        exit_code = 1 if finished.exit_code == 2 or (wrong and finished.exit_code == 0) else finished.exit_code
        if answers.killed(finished.stderr) or (exit_code == 0 and not self._is_done(argv, finished.stdout)):
            return Ended(_KILLED, finished.stdout, ())
        return Ended(exit_code, finished.stdout, wrong)

    def _is_done(self, argv: tuple[str, ...], stdout: str) -> bool:
        """Whether Terraform itself says that it came to its end: an exit code of 0 is not enough."""
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
        """The plan file that a command makes."""
        named = next((word.removeprefix("-out=") for word in argv if word.startswith("-out=")), "")
        return self._workspace.folder / named if argv[1] == "plan" and named else None


def is_applied(stdout: str) -> bool:
    """Whether the stream of `apply -json` ends with the summary of an apply."""
    ended = (line for line in terraform_answers.lines(stdout) if line.get("type") == "change_summary")
    summaries = [line["changes"].get("operation") for line in ended]
    return "apply" in summaries
