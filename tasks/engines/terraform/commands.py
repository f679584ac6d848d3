"""The command lines that the terraform engine runs, as data. Built by python-terraform, run by `tasks.processes`.

python-terraform 0.10 knows how options are spelled, and is used for nothing else: its own runner cannot stream,
has no time limit and copies the whole environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from python_terraform import IsFlagged, Terraform

PLAN_FILE = "flowmart.tfplan"
"""Name of the saved plan in the unit's folder of the checkout. It holds secrets: 0600, never stored."""

LOOK_FILE = "flowmart.look.tfplan"
"""A plan that is only looked at: it leaves the one that waits to be applied alone."""

REFRESH_FILE = "flowmart.refresh.tfplan"
"""A refresh-only plan: applying it writes the state alone."""

VARIABLES_FILE = "flowmart.auto.tfvars.json"
"""The unit's inputs; terraform reads *.auto.tfvars.json by itself."""

LOCK_FILE = ".terraform.lock.hcl"
"""Which providers a root was made with."""

UNDO_FILE = "flowmart_undo.tf"
"""Beside the earlier release's code in a rollback: blocks that undo what the failed release did to the state."""

LOCK_TIMEOUT = "60s"


def init(
    executable: str,
    *,
    as_json: bool = True,
    backend_config: Sequence[str] = (),
    var_files: Sequence[str] = (),
    locked: bool = False,
) -> tuple[str, ...]:
    """Install providers and modules and reach the backend. Terraform before 1.9 knows no JSON for it.

    Args:
        backend_config: files, and settings as "key=value", for what the backend in the code leaves open.
        var_files: files of variables, for code whose modules or backend depend on them.
        locked: whether there is a lock file: then other providers than it says are refused.
    """
    return _build(
        executable,
        "init",
        input=False,
        no_color=IsFlagged,
        json=IsFlagged if as_json else None,
        backend_config=[*backend_config],
        var_file=[*var_files],
        lockfile="readonly" if locked else None,
    )


def get(executable: str) -> tuple[str, ...]:
    """Fetch the modules that are not there yet, and nothing else."""
    return _build(executable, "get", no_color=IsFlagged)


def version(executable: str) -> tuple[str, ...]:
    """The version of the tool, as JSON."""
    return _build(executable, "version", json=IsFlagged)


def workspace_select(executable: str, name: str) -> tuple[str, ...]:
    """Work in another workspace, which must be there."""
    return _build(executable, "workspace select", name, no_color=IsFlagged)


def workspace_new(executable: str, name: str) -> tuple[str, ...]:
    """Make a workspace, which writes an empty state, and work in it."""
    return _build(executable, "workspace new", name, no_color=IsFlagged)


def validate(executable: str) -> tuple[str, ...]:
    """Whether the code is right, as far as that can be known without any state."""
    return _build(executable, "validate", no_color=IsFlagged, json=IsFlagged)


def plan(
    executable: str,
    file: str = PLAN_FILE,
    *,
    destroy: bool = False,
    refresh_only: bool = False,
    locks: bool = False,
    var_files: Sequence[str] = (),
) -> tuple[str, ...]:
    """Save a plan; exit code 2 when it holds changes. Of several `var_files` the last one wins.

    A plan writes no state, so it takes no lock: one that is killed leaves none behind, and the read-only role needs
    no right to write. `locks`: take it all the same, for a moment, to see whether somebody is at work.
    """
    return _build(
        executable,
        "plan",
        input=False,
        no_color=IsFlagged,
        json=IsFlagged,
        detailed_exitcode=IsFlagged,
        lock=None if locks else False,
        lock_timeout="5s" if locks else None,
        out=file,
        destroy=IsFlagged if destroy else None,
        refresh_only=IsFlagged if refresh_only else None,
        var_file=[*var_files],
    )


def show(executable: str, file: str = PLAN_FILE) -> tuple[str, ...]:
    """The saved plan as JSON (format 1.x), with the marks of what is sensitive."""
    return _build(executable, "show", file, json=IsFlagged, no_color=IsFlagged)


def apply(executable: str, file: str = PLAN_FILE) -> tuple[str, ...]:
    """Apply the saved plan, nothing else."""
    return _build(
        executable, "apply", file, input=False, no_color=IsFlagged, json=IsFlagged, lock_timeout=LOCK_TIMEOUT
    )


def state_pull(executable: str) -> tuple[str, ...]:
    """The state as the backend has it; nothing on standard output when there is none."""
    return _build(executable, "state pull", no_color=IsFlagged)


def state_push(executable: str, file: Path) -> tuple[str, ...]:
    """Give the backend a state that an apply could not save (`errored.tfstate`)."""
    return _build(executable, "state push", str(file), no_color=IsFlagged)


def force_unlock(executable: str, lock: str) -> tuple[str, ...]:
    """Release the lock with this id, and no other one."""
    return _build(executable, "force-unlock", lock, force=IsFlagged)


def schema(executable: str) -> tuple[str, ...]:
    """The schemas of the root's providers."""
    return _build(executable, "providers schema", json=IsFlagged, no_color=IsFlagged)


def _build(executable: str, command: str, *arguments: str, **options: Any) -> tuple[str, ...]:
    return tuple(Terraform(terraform_bin_path=executable).generate_cmd_string(command, *arguments, **options))
