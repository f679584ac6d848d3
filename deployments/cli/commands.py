"""Lists the commands: the first line of each one's help, and the module that defines it.

A module is imported when its command is used. Help, completion and unknown commands import none of them, and
`history` does not import what `promote` needs. A test compares this table with the modules.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import click
import typer
from typer.core import TyperGroup

from deployments.cli import recording
from deployments.cli.written import refuse_empty

COMMANDS: dict[str, tuple[str, str]] = {
    "init": (
        "starting",
        "Write a first infrastructure/platform.yaml from the code that is there. Where there is one, say what is"
        " new.",
    ),
    "promote": (
        "promoting",
        "Promote a release through the environments in order, each verified before the next one begins.",
    ),
    "adopt": (
        "promoting",
        "Record what exists already, so that no rollback ever removes it. Shows the plan; applies nothing.",
    ),
    "plan": ("promoting", "What a release would do to an environment. Changes nothing."),
    "drift": (
        "promoting",
        "What somebody changed by hand since it was applied. Exit code 2 when there is any that is not suppressed.",
    ),
    "reconcile": ("promoting", "Repair drift: promote the verified release again for the units that drifted."),
    "rollback": (
        "promoting",
        "Put an environment back on an earlier release, planned, tested and smoke-checked like any other.",
    ),
    "rehearse": (
        "rehearsing",
        "Rehearse a rollback in a scratch environment. Approvals show the result.",
    ),
    "recover": (
        "promoting",
        "Finish or roll back what a run left behind that is over. The next promotion does this first.",
    ),
    "resolve": ("promoting", "Unblock an environment after you repaired what a failed rollback left."),
    "continue": ("analyses", "Go on with a promotion that is paused, since its analysis is inconclusive."),
    "analysis": ("analyses", "Analyses of what was applied, by metrics."),
    "approvals": ("deciding", "What waits for an approval."),
    "approve": (
        "deciding",
        "Approve a plan set, and do what it says once enough people have. Exit code 6 while others have to.",
    ),
    "refuse": ("deciding", "Say no to a plan set. A release that would be promoted is rejected in that environment."),
    "freeze": ("deciding", "Let nothing be promoted into an environment. Going back is not held up."),
    "thaw": ("deciding", "Open an environment again that `freeze` closed."),
    "status": (
        "status",
        "Which release is where, and what is going on. Exit code 1 when something there is damaged.",
    ),
    "history": ("reading", "What happened, newest last."),
    "show": ("reading", "One release, or one ledger entry with all that it holds."),
    "logs": ("logs", "The log of a run, an environment or a release."),
    "audit": (
        "reading",
        "Check the ledger's chains, and every release against its digest and the ledger; all damage is named.",
    ),
    "backup": ("copying", "Copy releases and ledger to another store, or back from one."),
    "diff": (
        "comparing",
        "What differs between environments or releases: units, and files with who changed them last and when.",
    ),
    "docs": (
        "documenting",
        "Write the platform's documentation from its code and its ledger. Exit code 1 when something is damaged.",
    ),
    "bootstrap": (
        "preparing",
        "Make what must exist in an account before any Terraform can run there, with your own credentials for it.",
    ),
    "release": ("preparing", "Make releases, and list them."),
    "sandbox": ("preparing", "AWS, Terraform provider and Prefect server on loopback."),
    "server": ("serving", "Prefect with its UI, a worker, schedules and webhooks."),
    "github": ("github", "Look at what came in from GitHub, and start it again."),
    "doctor": (
        "doctoring",
        "Check tools, credentials, store, server and GitHub. Changes nothing. Exit code 1 when something fails.",
    ),
    "metrics": ("measuring", "The metrics of the delivery, as Prometheus reads them."),
    "report": ("measuring", "What the ledger says about the delivery."),
    "schema": ("output", "Print the JSON schema of what a command prints with --json."),
    "completion": (
        "completing",
        'Print what makes a shell complete commands and options; eval "$(flowmart completion bash)" uses it.',
    ),
}
"""{command: (its module in this package, the first line of its help)}, in the order of the help page."""


class Commands(TyperGroup):
    """The group of all commands; each is imported when it is used."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: MutableMapping[str, click.Command] = _Loading(self.commands)
        self._brief = False

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Return the names of all commands, in the order of the help page."""
        return [*self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command, or None if it is unknown; for a page that lists all, a stub with its help."""
        if self._brief and cmd_name in COMMANDS:
            return click.Command(cmd_name, help=COMMANDS[cmd_name][1])
        return self.commands.get(cmd_name)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help page."""
        self._brief = True
        super().format_help(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete the name of a command."""
        self._brief = True
        return super().shell_complete(ctx, incomplete)


class _Loading(MutableMapping[str, click.Command]):
    """{name: command}; a command's module is imported at the first access."""

    def __init__(self, known: MutableMapping[str, click.Command]) -> None:
        self._known = {**known}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._known:
            self._known |= _of_module(COMMANDS[name][0])
            recording.begin()
        return self._known[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._known[name] = command

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        yield from COMMANDS
        yield from (name for name in self._known if name not in COMMANDS)

    def __len__(self) -> int:
        return len({*COMMANDS, *self._known})


def _of_module(name: str) -> dict[str, click.Command]:
    app = typer.Typer()
    # A callback makes it a group even if it has a single command.
    app.callback()(lambda: None)
    import_module(f"deployments.cli.{name}").add_to(app)
    group: Any = typer.main.get_command(app)
    return {command: refuse_empty(each) for command, each in group.commands.items()}
