"""The command lines that the terragrunt engine runs, and the variables that every one of them gets. Pure."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FIND = ("find", "--json", "--dependencies", "--exclude", "--reading")

RENDERED = ".flowmart.rendered.json"
"""Hidden, so that Terragrunt does not copy it with the unit's files."""

QUICK = {"GOGC": "400"}
"""For a Terragrunt that ends at once: less of its time goes into collecting garbage."""


def variables(terraform_binary: str, downloads: Path, sources: Mapping[str, str] | None = None) -> dict[str, str]:
    """What makes Terragrunt predictable: nothing of the caller's machine decides, and nothing is tried twice.

    A retried apply of a saved plan would hide its first error behind "Saved plan is stale". Units that share a folder
    of downloads initialise each other's copies while they read outputs from them.

    Args:
        terraform_binary: what it runs; it would prefer tofu where there are both.
        downloads: where it copies modules to, and runs.
        sources: {a source as it is written, without what follows //: the folder with its content}.
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
    """Inputs as the variables that Terraform reads them from; they win over those of the unit's configuration."""
    return {
        f"TF_VAR_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in values.items()
    }


def version(executable: str) -> tuple[str, ...]:
    """What it is."""
    return (executable, "--version")


def find(executable: str) -> tuple[str, ...]:
    """The units below the working folder, as JSON."""
    return (executable, *FIND)


def find_all(executable: str) -> tuple[str, ...]:
    """The same units without anything about them: none is left out for what it depends on."""
    return (executable, "find", "--json")


def generate(executable: str) -> tuple[str, ...]:
    """Write the units of all stacks below the working folder."""
    return (executable, "stack", "generate")


def validate(executable: str) -> tuple[str, ...]:
    """What is wrong with the configuration below the working folder, as JSON."""
    return (executable, "hcl", "validate", "--json")


def render(executable: str) -> tuple[str, ...]:
    """A unit's configuration, as JSON. There are secrets in its inputs."""
    return (executable, "render", "--json")


def plan(executable: str) -> tuple[str, ...]:
    """Plan a unit, as far as the Terraform that it is given does."""
    return (executable, "run", "--no-auto-init", "--", "plan")


def plan_all(executable: str) -> tuple[str, ...]:
    """The same for all units that a filter lets through, in no order: nothing is applied."""
    listed = ("--parallelism", str(os.cpu_count() or 1), "--queue-ignore-errors", "--queue-ignore-dag-order")
    return (executable, "run", "--all", "--no-auto-init", *listed, "--", "plan")


def render_all(executable: str) -> tuple[str, ...]:
    """The configuration of each unit below the working folder, as JSON in its file `RENDERED`."""
    return (executable, "render", "--all", "--json", "--write", "--out", RENDERED)


def info(executable: str) -> tuple[str, ...]:
    """Where Terraform runs for a unit, as JSON."""
    return (executable, "info", "print")


def output(executable: str) -> tuple[str, ...]:
    """The outputs of a unit, as JSON."""
    return (executable, "run", "--", "output", "-json")


def around(executable: str, argv: Sequence[str]) -> tuple[str, ...]:
    """One of Terraform's commands with Terragrunt around it: hooks, inputs, arguments that the unit adds.

    `-detailed-exitcode` is left out: a hook that fails with 2 would look like a plan with changes.
    """
    kept = (word for word in argv[1:] if word != "-detailed-exitcode")
    prepared = () if argv[1] == "init" else ("--no-auto-init",)
    return (executable, "run", "--tf-forward-stdout", *prepared, "--", *kept)
