"""Build the command lines that the terragrunt engine runs, and the variables that all of them get. Pure."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FIND = ("find", "--json", "--dependencies", "--exclude", "--reading")

RENDERED = ".flowmart.rendered.json"
"""The file of a rendered configuration. It is hidden, so Terragrunt does not copy it with the unit's files."""

QUICK = {"GOGC": "400"}
"""For short runs of Terragrunt: less garbage collection saves time."""


def variables(terraform_binary: str, downloads: Path, sources: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables that make Terragrunt predictable: independent of the machine, and without retries.

    A retried apply of a saved plan would hide its first error behind "Saved plan is stale". Units that share a folder
    of downloads initialise each other's copies while they read outputs from them.

    Args:
        terraform_binary: the binary to run; by default Terragrunt would prefer tofu if both exist.
        downloads: the folder where it copies modules and runs Terraform.
        sources: {a source as written, without the part after //: the folder with its content}.
    """
    mapped = ",".join(f"{source}={folder}" for source, folder in sorted((sources or {}).items()))
    return {
        "TG_TF_PATH": terraform_binary,
        "TG_NON_INTERACTIVE": "true",
        "TG_NO_COLOR": "true",
        "TG_NO_TIPS": "true",
        "TG_NO_AUTO_RETRY": "true",
        "TG_LOG_FORMAT": "json",
        "TG_LOG_LEVEL": "warn",
        "TG_DOWNLOAD_DIR": str(downloads),
        **({"TG_SOURCE_MAP": mapped} if mapped else {}),
    }


def inputs(values: Mapping[str, Any]) -> dict[str, str]:
    """Return inputs as Terraform's variables, which take precedence over the inputs of the unit's configuration."""
    return {
        f"TF_VAR_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in values.items()
    }


def version(executable: str) -> tuple[str, ...]:
    """Build `--version`."""
    return (executable, "--version")


def find(executable: str) -> tuple[str, ...]:
    """Build `find`, which lists the units below the working folder as JSON."""
    return (executable, *FIND)


def find_all(executable: str) -> tuple[str, ...]:
    """Build a `find` that only lists the units, so none is left out because of its dependencies."""
    return (executable, "find", "--json")


def generate(executable: str) -> tuple[str, ...]:
    """Build `stack generate`, which writes the units of all stacks below the working folder."""
    return (executable, "stack", "generate")


def validate(executable: str) -> tuple[str, ...]:
    """Build `hcl validate`, which lists mistakes in the configuration below the working folder as JSON."""
    return (executable, "hcl", "validate", "--json")


def render(executable: str) -> tuple[str, ...]:
    """Build `render`, which prints a unit's configuration as JSON. Its inputs may contain secrets."""
    return (executable, "render", "--json")


def plan(executable: str) -> tuple[str, ...]:
    """Build a plan of a unit. Its result depends on the program that stands in for Terraform."""
    return (executable, "run", "--no-auto-init", "--", "plan")


def plan_all(executable: str) -> tuple[str, ...]:
    """Build the same for all units that match the filters, in any order, since nothing is applied."""
    listed = ("--parallelism", str(os.cpu_count() or 1), "--queue-ignore-errors", "--queue-ignore-dag-order")
    return (executable, "run", "--all", "--no-auto-init", *listed, "--", "plan")


def render_all(executable: str) -> tuple[str, ...]:
    """Build `render --all`: it writes the configuration of each unit as JSON to the file `RENDERED` beside it."""
    return (executable, "render", "--all", "--json", "--write", "--out", RENDERED)


def info(executable: str) -> tuple[str, ...]:
    """Build `info print`, which prints as JSON in which folder Terraform runs for a unit."""
    return (executable, "info", "print")


def output(executable: str) -> tuple[str, ...]:
    """Build `output`, which prints the outputs of a unit as JSON."""
    return (executable, "run", "--", "output", "-json")


def around(executable: str, argv: Sequence[str]) -> tuple[str, ...]:
    """Build one of Terraform's commands under Terragrunt: with hooks, inputs, and arguments that the unit adds.

    `-detailed-exitcode` is removed: a hook that exits with 2 would look like a plan with changes.
    """
    kept = (word for word in argv[1:] if word != "-detailed-exitcode")
    prepared = () if argv[1] == "init" else ("--no-auto-init",)
    return (executable, "run", "--tf-forward-stdout", *prepared, "--", *kept)
