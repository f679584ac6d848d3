"""Decrypt files of variables with sops, for one run only.

A decrypted file is below the unit's `.terraform` in the run's temporary folder, readable only by its owner. All its
values are secret, even if the code does not say so.

| the file | terraform gets |
| --- | --- |
| `*.json`, `*.yaml`, `*.yml`, `*.env` | JSON |
| anything else, such as `*.tfvars` | the original text, which sops encrypts as a whole |

Source: sops tells the format from the file's ending, and leaves names unencrypted unless it encrypts a file as a
whole. Its exit codes are in `cmd/sops/codes`. It finds its identities through the variables and files that it
documents.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tasks import tool_environment, yaml12
from tasks.domain.errors import FlowmartError, Refused, Unanswered, Unequipped
from tasks.domain.outcome import Outcome
from tasks.engines.base import Workspace
from tasks.engines.terraform import backends, code, errors
from tasks.engines.terraform.configuration import read_values
from tasks.engines.terraform.diagnostics import Diagnostic
from tasks.engines.terraform.options import VarFile
from tasks.processes import Command

_FOLDER = Path(backends.DATA) / "flowmart-decrypted"
_TIME_LIMIT = 120.0
"""Seconds allowed to decrypt one file: the key may be in a cloud."""
_FORMATS = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".env": "dotenv"}
_WHOLE = "binary"
_NO_KEY = "Failed to get the data key"
_METADATA = "sops"
_OF_DOTENV = re.compile(r"^([A-Za-z_]\w*)=", re.MULTILINE)
_KEYS = ("SOPS_*", "GNUPGHOME", "VAULT_*", "AZURE_*", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS")
"""Variables that say where the keys are. Only sops gets them, not tools that run a release's code."""


@dataclass(frozen=True)
class Decrypted:
    """The decrypted files.

    Attributes:
        files: {encrypted file: its decrypted file}.
        values: {variable: value} from all of them.
    """

    files: Mapping[Path, Path] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


def provided(workspace: Workspace, files: Mapping[Path, VarFile]) -> Decrypted:
    """Decrypt the unit's files of variables that are marked so in its options, once per checkout.

    Raises:
        Unequipped: sops or the key is missing.
        Refused: sops rejects a file.
        Unanswered: the key's server does not respond.
    """
    found = {file: _target(workspace, file) for file, option in files.items() if option.decrypt}
    for file, target in found.items():
        if not target.is_file():
            _decrypt(workspace, file, target)
    values = {name: value for target in found.values() for name, value in read_values(target).items()}
    return Decrypted(found, values)


def names(file: Path, unit_folder: Path) -> frozenset[str]:
    """Return the variables that an encrypted file sets; all that the root declares if the names are encrypted too."""
    text = file.read_text(errors="replace")
    kind = _format(file)
    if kind == _WHOLE:
        return frozenset(block.name for block in code.readable_blocks(unit_folder, "variable"))
    if kind == "dotenv":
        return frozenset(name for name in _OF_DOTENV.findall(text) if not name.startswith(f"{_METADATA}_"))
    return frozenset(_mapping(text)) - {_METADATA}


def fault(file: Path) -> str:
    """Return what is wrong with a file that should be encrypted; empty if nothing is."""
    if "ENC[" in file.read_text(errors="replace"):
        return ""
    return f"{file.name} is not encrypted with sops: encrypt it, or leave out decrypt"


def _decrypt(workspace: Workspace, file: Path, target: Path) -> None:
    name = file.relative_to(workspace.infrastructure.resolve())
    environment = workspace.processes.environment
    if shutil.which(_METADATA, path=environment.get("PATH", "")) is None:
        raise Unequipped(f"{name} is encrypted with sops, and there is no sops on PATH: install it (getsops.io)")
    kind = _format(file)
    output = _WHOLE if kind == _WHOLE else "json"
    argv = (_METADATA, "decrypt", "--input-type", kind, "--output-type", output, str(file))
    known = {**tool_environment.of_this_process(_KEYS), **workspace.reading()}
    try:
        finished = workspace.processes.run(Command(argv, workspace.folder, known, _TIME_LIMIT))
    except Unanswered as error:
        raise Unanswered(f"{name} cannot be decrypted: {error}") from error
    if finished.exit_code != 0:
        raise _error(str(name), finished.exit_code, finished.stderr)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.touch(mode=0o600)
    target.write_text(finished.stdout)


def _error(name: str, exit_code: int, stderr: str) -> FlowmartError:
    """Return the exception for a file that could not be decrypted, with the message of sops, which shows no value."""
    told = " ".join(line.strip(" |-") for line in stderr.splitlines() if line.strip(" |-")) or "sops gave no reason"
    outcome = errors.outcome((Diagnostic("error", f"sops: {told}"),), 1 if exit_code > 0 else exit_code)
    if outcome is Outcome.UNANSWERED:
        return Unanswered(f"{name} cannot be decrypted: {told}")
    kind = Unequipped if _NO_KEY in told else Refused
    return kind(f"{name} cannot be decrypted: {told}")


def _target(workspace: Workspace, file: Path) -> Path:
    """Return the path of the decrypted file. Its ending tells terraform how to read it."""
    name = "-".join(file.relative_to(workspace.infrastructure.resolve()).parts)
    ending = ".tfvars" if _format(file) == _WHOLE else ".tfvars.json"
    return workspace.folder / _FOLDER / f"{name}{ending}"


def _format(file: Path) -> str:
    return _FORMATS.get(file.suffix, _WHOLE)


def _mapping(text: str) -> Mapping[str, Any]:
    try:
        found = yaml12.load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, Mapping) else {}
