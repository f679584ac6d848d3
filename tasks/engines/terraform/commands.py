"""Build the command lines that the terraform engine runs. python-terraform spells them, `tasks.processes` runs them.

python-terraform 0.10 knows how options are spelled. It is used for nothing else: its own runner cannot stream, has no
time limit, and passes on the whole environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from python_terraform import IsFlagged, Terraform

PLAN_FILE = "flowmart.tfplan"
"""The name of the saved plan in the unit's folder of the checkout. It holds secrets: mode 0600, never stored."""

LOOK_FILE = "flowmart.look.tfplan"
"""The name of a plan that is only read, so that it does not replace the one waiting to be applied."""

REFRESH_FILE = "flowmart.refresh.tfplan"
"""The name of a refresh-only plan. Applying it writes only the state."""

VARIABLES_FILE = "flowmart.auto.tfvars.json"
"""The file with the unit's inputs. Terraform loads *.auto.tfvars.json automatically."""

LOCK_FILE = ".terraform.lock.hcl"
"""The file that records which providers a root was initialised with."""

UNDO_FILE = "flowmart_undo.tf"
"""The file that a rollback adds to the earlier release's code. Its blocks undo the failed release's state changes."""

LOCK_TIMEOUT = "60s"


def init(
    executable: str,
    *,
    as_json: bool = True,
    backend_config: Sequence[str] = (),
    var_files: Sequence[str] = (),
    locked: bool = False,
) -> tuple[str, ...]:
    """Build `init`, which installs providers and modules and connects the backend.

    Args:
        as_json: print JSON. Terraform before 1.9 cannot.
        backend_config: files, and settings as "key=value", that complete the backend block in the code.
        var_files: files of variables, for code whose modules or backend depend on them.
        locked: there is a lock file, so `init` must reject providers that are not in it.
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
    """Build `get`, which only fetches the modules that are missing."""
    return _build(executable, "get", no_color=IsFlagged)


def version(executable: str) -> tuple[str, ...]:
    """Build `version`, which prints the version of the tool as JSON."""
    return _build(executable, "version", json=IsFlagged)


def workspace_select(executable: str, name: str) -> tuple[str, ...]:
    """Build `workspace select`. The workspace must exist."""
    return _build(executable, "workspace select", name, no_color=IsFlagged)


def workspace_new(executable: str, name: str) -> tuple[str, ...]:
    """Build `workspace new`, which writes an empty state and selects the new workspace."""
    return _build(executable, "workspace new", name, no_color=IsFlagged)


def validate(executable: str) -> tuple[str, ...]:
    """Build `validate`, which checks the code as far as that is possible without a state."""
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
    """Build `plan`, which saves a plan; exit code 2 means that the plan has changes.

    A plan writes no state, so by default it takes no lock. A plan that is killed then leaves no lock behind, and the
    read-only role needs no permission to write.

    Args:
        file: the name of the plan file.
        destroy: plan to destroy everything.
        refresh_only: plan only to update the state.
        locks: take the lock for a moment, to find out whether somebody else holds it.
        var_files: files of variables; the last one takes precedence.
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
    """Build `show`, which prints a saved plan as JSON (format 1.x) and marks what is sensitive."""
    return _build(executable, "show", file, json=IsFlagged, no_color=IsFlagged)


def apply(executable: str, file: str = PLAN_FILE, *, var_files: Sequence[str] = ()) -> tuple[str, ...]:
    """Build `apply` for a saved plan.

    Args:
        file: the name of the plan file.
        var_files: files of variables, if the code has ephemeral variables: no plan file holds their values.
    """
    return _build(
        executable,
        "apply",
        file,
        input=False,
        no_color=IsFlagged,
        json=IsFlagged,
        lock_timeout=LOCK_TIMEOUT,
        var_file=[*var_files],
    )


def state_pull(executable: str) -> tuple[str, ...]:
    """Build `state pull`, which prints the backend's state; nothing if there is none."""
    return _build(executable, "state pull", no_color=IsFlagged)


def state_push(executable: str, file: Path) -> tuple[str, ...]:
    """Build `state push`, to save a state that an apply could not save (`errored.tfstate`)."""
    return _build(executable, "state push", str(file), no_color=IsFlagged)


def force_unlock(executable: str, lock: str) -> tuple[str, ...]:
    """Build `force-unlock` for the lock with this id."""
    return _build(executable, "force-unlock", lock, force=IsFlagged)


def schema(executable: str) -> tuple[str, ...]:
    """Build `providers schema`, which prints the schemas of the root's providers as JSON."""
    return _build(executable, "providers schema", json=IsFlagged, no_color=IsFlagged)


def _build(executable: str, command: str, *arguments: str, **options: Any) -> tuple[str, ...]:
    return tuple(Terraform(terraform_bin_path=executable).generate_cmd_string(command, *arguments, **options))
