"""Read a Packer template: the files that go into its image, its variables, and the argument for Packer.

Two releases have the same image exactly when these files and the values of the variables are the same. Any text in a
template that leads to an existing file or folder counts as read. If a path is only known when Packer runs, everything
below its longest literal folder counts; without one, all of infrastructure/ does. For an Ansible playbook, its roles,
the files beside it and whatever its paths lead to count. This builds too often rather than too rarely.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks import yaml12
from tasks.domain.errors import InvalidInput
from tasks.domain.values import digest_of
from tasks.engines.base import Interface
from tasks.engines.packer import paths
from tasks.engines.packer.paths import MANIFEST, TEMPLATE
from tasks.engines.playbooks import Reading, files_below

PLUGINS = "plugins.pkr.hcl"
"""The file of plugins for Packer 1.7 and later. Packer 1.6 has them built in and rejects the file."""

SUPPLIED = frozenset({"name", "region", "accounts", "tags"})
"""The variables that the engine supplies to every template."""

_NOT_READ = (".md", MANIFEST)
_BESIDE_A_PLAYBOOK = ("group_vars", "host_vars", "files", "templates", "vars")
_TYPES = {"string": "string", "number": "number", "bool": "bool"}


@dataclass(frozen=True)
class Variable:
    """A variable of a template. `kind` is one of "string", "number", "bool", "list", "map", "any"."""

    kind: str
    required: bool


def reads(infrastructure: Path, source: str) -> tuple[str, ...]:
    """Return all files that go into the template's image, as sorted paths below `infrastructure`.

    Raises:
        InvalidInput: a file outside of `infrastructure` is read, or one of the machine that builds.
    """
    root = infrastructure.resolve()
    own = [file for file in (root / source).iterdir() if file.is_file() and not file.name.endswith(_NOT_READ)]
    found = set(own)
    for file in own:
        if own_path := paths.of_the_machine(file):
            only_there = "which only the machine that builds has: copy it beside the template"
            raise InvalidInput(f"{source}/{file.name}: reads {own_path}, {only_there}")
        for place in paths.led_to(root, file):
            if not place.is_relative_to(root):
                outside = "which is outside of infrastructure/ and so not in a release: add it to `paths`"
                raise InvalidInput(f"{source}/{file.name}: reads {place}, {outside}")
            found |= {below for below in files_below(place) if not below.name.endswith(_NOT_READ)}
            found |= _played(root, place) if place.suffix in (".yml", ".yaml") else set()
    return tuple(sorted(str(file.relative_to(root)) for file in found))


def identity(infrastructure: Path, source: str, variables: Mapping[str, Any], only: str = "") -> str:
    """Return the digest of everything that goes into an image; it is the same in every environment.

    Args:
        infrastructure: the folder that sources are relative to.
        source: the template's folder.
        variables: the unit's values for the template's variables.
        only: the pattern of the image to build; empty for all.
    """
    files = {path: _digest(infrastructure / path) for path in reads(infrastructure, source)}
    return digest_of({"files": files, "variables": variables, **({"only": only} if only else {})})


def interface(infrastructure: Path, source: str) -> Interface:
    """Return the inputs and outputs of every Packer unit, and check that the template can be parsed.

    Raises:
        InvalidInput: the template cannot be read.
    """
    variables(infrastructure / source)
    accepts = {"owner": "string", "accounts": "list", "variables": "map", "keep": "map"}
    texts = ("ami_id", "ami_name", "region", "owner", "source_ami", "digest")
    return Interface(accepts, frozenset({"owner"}), {**dict.fromkeys(texts, "string"), "tags": "map", "amis": "map"})


def variables(folder: Path) -> dict[str, Variable]:
    """Return the variables that the template in `folder` declares.

    Raises:
        InvalidInput: the template cannot be read.
    """
    found: dict[str, Variable] = {}
    for file in templates(folder):
        for block in parsed(file).get("variable", []):
            found |= {name.strip('"'): _variable(body) for name, body in block.items() if not name.startswith("__")}
    return found


def loaded(folder: Path) -> dict[str, Any]:
    """Return the values of variables in the files that Packer loads automatically.

    As in Packer, HCL files come first, then files in the order of their names, and the last value counts.

    Raises:
        InvalidInput: a file cannot be read.
    """
    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.auto.pkrvars.hcl")):
        found |= parsed(file)
    for file in sorted(folder.glob("*.auto.pkrvars.json")):
        found |= _parsed_json(file)
    return found


def _parsed_json(file: Path) -> Mapping[str, Any]:
    try:
        found = yaml12.load_json(file.read_text())
    except ValueError as error:
        raise InvalidInput(f"{file}: is not valid JSON: {error}") from error
    if not isinstance(found, Mapping):
        raise InvalidInput(f"{file}: must be an object of variables and their values")
    return found


def parsed(file: Path) -> Mapping[str, Any]:
    """Parse a file of a template.

    Raises:
        InvalidInput: the file cannot be read.
    """
    # Imported here because most commands read no template, and the parser is slow to import.
    from lark.exceptions import LarkError

    try:
        return _of_text(file.read_text())
    except LarkError as error:
        raise InvalidInput(f"{file}: is not valid HCL: {str(error).splitlines()[0]}") from error


@lru_cache(maxsize=16)
def _of_text(text: str) -> Mapping[str, Any]:
    """Parse HCL. A plan asks several times what a template has, and the parser takes long."""
    import hcl2

    found: Mapping[str, Any] = hcl2.loads(text)
    return found


def refuse_wrong(folder: Path, given: Mapping[str, Any], unit: str) -> None:
    """Check the values of variables against those that the template declares.

    Raises:
        InvalidInput: a variable is unknown, has no value, or is one that the engine supplies and is not declared.
    """
    known = variables(folder)
    for name in given:
        if name in SUPPLIED:
            raise InvalidInput(f"{unit}: inputs.variables.{name}: this variable is filled in by the pipeline")
        if name not in known:
            told = ", ".join(sorted(known.keys() - SUPPLIED)) or "none"
            raise InvalidInput(f"{unit}: inputs.variables.{name}: {folder.name} has no such variable; it has {told}")
    there = {*given, *SUPPLIED, *loaded(folder)}
    missing = [name for name, each in known.items() if each.required and name not in there]
    if missing:
        raise InvalidInput(f"{unit}: inputs.variables: {folder.name} needs {', '.join(sorted(missing))}")
    absent = sorted(SUPPLIED - known.keys())
    if absent:
        raise InvalidInput(f"{folder}: declare the variables {', '.join(absent)}: the pipeline gives their values")


def argument(folder: Path, version: tuple[int, ...]) -> str:
    """Return Packer's argument, relative to `folder`: all of it, or for Packer 1.6 the one file that it understands.

    Raises:
        InvalidInput: Packer 1.6 would need several files.
    """
    if version >= (1, 7) or not (folder / PLUGINS).exists():
        return "."
    files = [file.name for file in templates(folder) if file.name != PLUGINS]
    if len(files) != 1:
        told = f"Packer 1.6 refuses {PLUGINS} and takes one file instead of the folder"
        raise InvalidInput(f"{folder}: {told}: put {', '.join(files)} into one, or install Packer 1.7 or later")
    return files[0]


def has_plugins(folder: Path) -> bool:
    """Tell whether a template requires plugins, in any of its files.

    Raises:
        InvalidInput: the template cannot be read.
    """
    return any("required_plugins" in block for file in templates(folder) for block in parsed(file).get("packer", ()))


def templates(folder: Path) -> list[Path]:
    """Return the files of the template in `folder`, sorted.

    Raises:
        InvalidInput: there are none, or one is in a JSON form.
    """
    found = sorted(folder.glob(f"*{TEMPLATE}"))
    if other := next((file.name for file in sorted(folder.glob("*.pkr.json"))), ""):
        raise InvalidInput(f"{folder}: Packer would read {other}, too: write it as *{TEMPLATE}")
    if not found:
        legacy = next((file.name for file in sorted(folder.glob("*.json")) if _is_legacy(file)), "")
        remedy = f"; convert the JSON template with: packer hcl2_upgrade {legacy}" if legacy else ""
        raise InvalidInput(f"{folder}: holds no template (*{TEMPLATE}){remedy}")
    return found


def _is_legacy(file: Path) -> bool:
    """Tell whether a file is a template of the form that Packer used before HCL."""
    try:
        document = yaml12.load_json(file.read_text())
    except ValueError:
        return False
    return isinstance(document, Mapping) and "builders" in document


def _variable(body: Mapping[str, Any]) -> Variable:
    kind = str(body.get("type", "any")).removeprefix("${").removesuffix("}")
    collection = {"list": "list", "set": "list", "tuple": "list", "map": "map", "object": "map"}
    return Variable(_TYPES.get(kind) or collection.get(kind.partition("(")[0], "any"), "default" not in body)


def _played(root: Path, playbook: Path) -> set[Path]:
    """Return what a playbook reads: variables and files beside it, its roles, and whatever their paths lead to."""
    roles = playbook.parent / "roles"

    def named(name: str) -> list[Path]:
        there = sorted(folder for folder in roles.iterdir() if folder.is_dir()) if roles.is_dir() else []
        return there if "{{" in name else [folder for folder in there if folder.name == name]

    reading = Reading(root, playbook.parent, named)
    beside = (file for name in _BESIDE_A_PLAYBOOK for file in files_below(playbook.parent / name))
    reading.follow([playbook, *beside])
    return reading.found


def _digest(file: Path) -> str:
    executable = b"x" if file.stat().st_mode & 0o100 else b"-"
    return hashlib.sha256(executable + file.read_bytes()).hexdigest()
