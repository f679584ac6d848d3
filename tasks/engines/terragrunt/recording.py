"""What Terragrunt would run to plan units: a stand-in for Terraform writes it down, and plans nothing.

Terragrunt makes a root of a unit: it copies the module, writes backend and providers beside it, and gives Terraform
the inputs as variables. All of that is done when it starts Terraform. From then on Terraform runs by itself in that
folder: its exit code and its answers are its own, and no further command costs a Terragrunt.

    terragrunt run -- plan ──▶ stand-in ──▶ folder, arguments, variables ──▶ terraform init, plan, show

Units with hooks for what is done then are worked on with Terragrunt around Terraform (`execution`).
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
"""Arguments that say nothing about a unit: Terragrunt adds them for whoever runs it."""
_LEFT_OUT = ("TG_", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
"""Variables of Terragrunt itself, and credentials: these are given anew to each command."""
_OF_PROGRAMS = frozenset({"_", "PWD", "OLDPWD", "SHLVL", "LC_CTYPE"})
"""What a shell, or Python itself, sets."""


@dataclass(frozen=True)
class Recorded:
    """How Terragrunt would run Terraform for a unit.

    Attributes:
        folder: where.
        arguments: what the unit adds to those of a plan.
        variables: what the unit adds to those that Terragrunt was given: its inputs. There are secrets in them.
    """

    folder: str
    arguments: tuple[str, ...]
    variables: Mapping[str, str]

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Recorded:
        """One of what `asdict` made of it."""
        return cls(**{**written, "arguments": tuple(written["arguments"])})


def taken(downloads: Path, given: Mapping[str, str]) -> dict[str, Recorded]:
    """What was written down below a folder of downloads, by `place_of` the units; it is not there any more then.

    Args:
        downloads: what Terragrunt copied modules to.
        given: the variables that Terragrunt was given.
    """
    return dict(_taken(downloads, given))


def failures(downloads: Path) -> str:
    """What Terraform said where an init failed; it is not there any more then."""
    said = []
    for file in sorted((downloads / stand_ins.FAILED).glob("*")):
        said.append(answers.uncoloured(file.read_text(errors="replace")))
        file.unlink()
    return "\n".join(said)


def rendered(folder: Path) -> dict[Path, str]:
    """{unit: its configuration} that `render --all` wrote below a folder; it is not there any more then."""
    found = dict[Path, str]()
    for file in folder.resolve().rglob(commands.RENDERED):
        found[file.parent] = file.read_text()
        file.unlink()
    return found


def place_of(unit: Path) -> str:
    """The folder below that of the downloads which Terragrunt uses for a unit.

    Source: EncodeBase64Sha1 in Terragrunt's internal/util. Where that changes, nothing is found by it.
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
