"""The command lines that the terraform engine runs, as data. Built by python-terraform, run by `tasks.shell`.

python-terraform 0.10 knows how options are spelled, and is used for nothing else: its own runner cannot stream,
has no time limit and copies the whole environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from python_terraform import IsFlagged, Terraform

PLAN_FILE = "flowmart.tfplan"
"""Name of the saved plan in the unit's folder of the checkout. It holds secrets: 0600, never stored."""

SECRETS_FILE = "flowmart.secrets.json"
"""The texts that the plan marks as sensitive; as closed as the plan file."""

VARIABLES_FILE = "flowmart.auto.tfvars.json"
"""The unit's inputs; terraform reads *.auto.tfvars.json by itself."""

LOCK_TIMEOUT = "60s"


def init(executable: str) -> tuple[str, ...]:
    """Install providers and modules and reach the backend."""
    return _build(executable, "init", input=False, no_color=IsFlagged)


def validate(executable: str) -> tuple[str, ...]:
    """Whether the code is right, as far as that can be known without any state."""
    return _build(executable, "validate", no_color=IsFlagged)


def plan(executable: str, *, destroy: bool = False, refresh_only: bool = False) -> tuple[str, ...]:
    """Save a plan; exit code 2 when it holds changes."""
    return _build(
        executable,
        "plan",
        input=False,
        no_color=IsFlagged,
        detailed_exitcode=IsFlagged,
        lock_timeout=LOCK_TIMEOUT,
        out=PLAN_FILE,
        destroy=IsFlagged if destroy else None,
        refresh_only=IsFlagged if refresh_only else None,
    )


def show(executable: str) -> tuple[str, ...]:
    """The saved plan as JSON (format 1.x), with the marks of what is sensitive."""
    return _build(executable, "show", PLAN_FILE, json=IsFlagged)


def apply(executable: str) -> tuple[str, ...]:
    """Apply the saved plan, nothing else."""
    return _build(executable, "apply", PLAN_FILE, input=False, no_color=IsFlagged, lock_timeout=LOCK_TIMEOUT)


def output(executable: str) -> tuple[str, ...]:
    """All outputs as JSON."""
    return _build(executable, "output", json=IsFlagged)


def state_pull(executable: str) -> tuple[str, ...]:
    """The state as the backend has it; nothing on standard output when there is none."""
    return _build(executable, "state pull")


def state_push(executable: str, file: Path) -> tuple[str, ...]:
    """Give the backend a state that an apply could not save (`errored.tfstate`)."""
    return _build(executable, "state push", str(file))


def _build(executable: str, command: str, *arguments: str, **options: Any) -> tuple[str, ...]:
    return tuple(Terraform(terraform_bin_path=executable).generate_cmd_string(command, *arguments, **options))
