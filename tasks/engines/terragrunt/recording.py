"""Record how Terragrunt would run Terraform for a plan: a stand-in for Terraform writes it down and plans nothing.

Terragrunt makes a root from a unit: it copies the module, writes backend and providers beside it, and passes the
inputs to Terraform as variables. All of this is done when it starts Terraform. From then on Terraform runs directly
in that folder: its exit code and output are its own, and no further command needs a Terragrunt process.

    terragrunt run -- plan ──▶ stand-in ──▶ folder, arguments, variables ──▶ terraform init, plan, show

Units with hooks for these commands run under Terragrunt instead (`execution`).
"""

from __future__ import annotations

import ast
import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.engines.terragrunt import answers, commands, stand_ins

_OURS = frozenset({"-input=false", "-no-color"})
"""Arguments that Terragrunt always adds, so they say nothing about a unit."""
_LEFT_OUT = ("TG_", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
"""Terragrunt's own variables, and credentials, which every command gets separately."""
_OF_PROGRAMS = frozenset({"_", "PWD", "OLDPWD", "SHLVL", "LC_CTYPE"})
"""Variables that a shell, or Python itself, sets."""


@dataclass(frozen=True)
class Recorded:
    """How Terragrunt would run Terraform for a unit.

    Attributes:
        folder: the folder to run in.
        arguments: the arguments that the unit adds to a plan.
        variables: the variables that the unit adds to Terragrunt's own: its inputs. They may contain secrets.
    """

    folder: str
    arguments: tuple[str, ...]
    variables: Mapping[str, str]

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Recorded:
        """Create it from the result of `asdict`."""
        return cls(**{**written, "arguments": tuple(written["arguments"])})


def taken(downloads: Path, given: Mapping[str, str]) -> dict[str, Recorded]:
    """Read and remove what was recorded below a folder of downloads.

    Args:
        downloads: the folder that Terragrunt copied modules to.
        given: the variables that Terragrunt got.

    Returns:
        {folder of the unit, as `place_of` returns it: what was recorded}.
    """
    return dict(_taken(downloads, given))


def failures(downloads: Path) -> str:
    """Read and remove the errors of Terraform's failed inits."""
    said = []
    for file in sorted((downloads / stand_ins.FAILED).glob("*")):
        said.append(answers.uncoloured(file.read_text(errors="replace")))
        file.unlink()
    return "\n".join(said)


def rendered(folder: Path) -> dict[Path, str]:
    """Read and remove the configurations that `render --all` wrote below a folder: {unit's folder: configuration}."""
    found = dict[Path, str]()
    for file in folder.resolve().rglob(commands.RENDERED):
        found[file.parent] = file.read_text()
        file.unlink()
    return found


def place_of(unit: Path) -> str:
    """Return the folder below the downloads that Terragrunt uses for a unit.

    Source: EncodeBase64Sha1 in Terragrunt's internal/util. If that changes, no folder matches.
    """
    found = hashlib.sha1(str(unit.resolve()).encode(), usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def _taken(downloads: Path, given: Mapping[str, str]) -> Iterator[tuple[str, Recorded]]:
    whole = downloads.resolve()
    for file in sorted((downloads / stand_ins.RECORDED).glob("*")):
        written: Any = ast.literal_eval(file.read_text())
        file.unlink()
        folder, arguments = Path(os.fsdecode(written[0])), [*map(os.fsdecode, written[1])]
        variables = {os.fsdecode(name): os.fsdecode(value) for name, value in written[2].items()}
        place = folder.relative_to(whole).parts[0]
        added = tuple(each for each in arguments if each not in _OURS)
        yield place, Recorded(str(folder), added, dict(_added(variables, given)))


def _added(variables: Mapping[str, str], given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(variables.items()):
        if given.get(name) != value and name not in _OF_PROGRAMS and not name.startswith(_LEFT_OUT):
            yield name, value
