"""Reads the components of Atmos stacks, as Atmos itself resolves imports and inheritance.

Source: `atmos describe stacks --format json` lists for each stack its components with `vars`, `backend`, `workspace`,
`metadata` and `settings.depends_on`. A component's code is below the base path of atmos.yaml.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from deployments.start.discovery import Left
from deployments.start.listed import Listed
from tasks import yaml12
from tasks.domain.errors import FlowmartError
from tasks.engines.terraform import code
from tasks.processes import Command, Processes

_FILES = ("atmos.yaml", "atmos.yml", ".atmos.yaml")
_TOOL = "atmos"
_TIME_LIMIT = 300.0
_VARIABLES = "its variables are Atmos': atmos terraform generate varfile writes the file that var_files names"
_BACKEND = "its backend is Atmos': write an empty one into the code, as backend_config has the settings"


def read(root: Path) -> list[Listed]:
    """Return the components of all stacks; none if there is no atmos.yaml or Atmos cannot list them."""
    file = _file(root)
    if file is None or shutil.which(_TOOL) is None:
        return []
    base = _base(file)
    try:
        answer = Processes().run(Command((_TOOL, "describe", "stacks", "--format", "json"), root, {}, _TIME_LIMIT))
        stacks = json.loads(answer.stdout)
    except (FlowmartError, ValueError):
        return []
    found = (each for name, stack in stacks.items() for each in _components(file.name, base, name, stack))
    return [each for each in found if code.files(root / each.folder)]


def unread(root: Path, found: Sequence[Listed]) -> Iterator[Left]:
    """Yield a note if there is an atmos.yaml but `read` returned nothing.

    Args:
        root: the repository's folder.
        found: the result of `read`.
    """
    if (file := _file(root)) is not None and not found:
        why = "Atmos' list of stacks, which `atmos describe stacks` could not say here: install Atmos and try again"
        yield Left(PurePosixPath(file.name), why)


def _components(file: str, base: PurePosixPath, stack: str, content: Mapping[str, Any]) -> Iterator[Listed]:
    components = (content.get("components") or {}).get("terraform") or {}
    for name, body in components.items():
        metadata = body.get("metadata") or {}
        if metadata.get("type") == "abstract" or metadata.get("enabled") is False:
            continue
        folder = base / str(metadata.get("component") or body.get("component") or name)
        after = ((body.get("settings") or {}).get("depends_on") or {}).values()
        yield Listed(
            file,
            folder,
            f"{name} {stack}",
            str(body.get("workspace") or stack),
            tuple(f"{each.get('component')} {each.get('stack') or stack}" for each in after),
            var_files=(f"{stack}-{name}.terraform.tfvars.json",),
            backend_config=tuple(_settings(body.get("backend") or {})),
            notes=(_VARIABLES, _BACKEND),
        )


def _settings(backend: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a backend's string settings, without roles and profiles, which depend on who promotes."""
    identity = ("role_arn", "profile", "assume_role")
    kept = {
        key: str(value) for key, value in sorted(backend.items()) if isinstance(value, str) and key not in identity
    }
    yield from ({key: value} for key, value in kept.items())


def _file(root: Path) -> Path | None:
    return next((root / name for name in _FILES if (root / name).is_file()), None)


def _base(file: Path) -> PurePosixPath:
    try:
        found = yaml12.load_by(file.read_text(errors="replace"), yaml.SafeLoader)
    except yaml.YAMLError:
        found = {}
    found = found if isinstance(found, Mapping) else {}
    terraform = ((found.get("components") or {}).get("terraform") or {}).get("base_path") or "components/terraform"
    return PurePosixPath(str(found.get("base_path") or ".")) / str(terraform)
