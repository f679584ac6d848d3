"""Find mistakes in a terraform unit's files when a release is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.engines.terraform import backends, code, decryption, named_files, provider_versions, remote_modules
from tasks.engines.terraform.configuration import file_values, read_values
from tasks.engines.terraform.options import options
from tasks.engines.terraform.sources import reads

_OF_STACKS = (".tfcomponent.hcl", ".tfstack.hcl", ".tfdeploy.hcl")
_OURS = frozenset({"TF_DATA_DIR", "TF_WORKSPACE", "TF_INPUT", "TF_IN_AUTOMATION"})
"""Variables that decide where and how FlowMart runs the tool."""
_WRITTEN = ("terraform.tfstate", ".terraform/terraform.tfstate", ".terraform/environment")
"""A local state, the backend of an earlier `init`, and the workspace that somebody selected."""


def faults(infrastructure: Path, unit: Unit) -> Iterator[str]:
    """Yield what would fail in an environment, or would not work as intended there."""
    folder = infrastructure / unit.source
    try:
        chosen = options(unit.options)
    except ValidationError as error:
        yield f"its options are wrong here: {error.errors()[0]['msg']}"
        return
    yield from (f"env may not set {name}: FlowMart does" for name in sorted(_OURS & chosen.env.keys()))
    yield from named_files.faults(infrastructure, unit)
    yield from _stacks(folder)
    yield from _committed(infrastructure, folder)
    yield from _backend(infrastructure, unit)
    yield from _overridden(folder, unit)
    folders = _module_folders(infrastructure, unit)
    yield from filter(None, [provider_versions.fault(folder, folders)])
    for used in folders:
        yield from _module_calls(infrastructure.resolve(), used)


def supplied(infrastructure: Path, unit: Unit) -> frozenset[str]:
    """Return the variables that files of variables set."""
    folder, named = infrastructure / unit.source, named_files.var_files(infrastructure, unit).items()
    set_by = [decryption.names(file, folder) if each.decrypt else read_values(file) for file, each in named]
    return frozenset(name for values in (*file_values(folder), *set_by, _in_env(unit)) for name in values)


def place(infrastructure: Path, unit: Unit) -> str:
    """Return the location of the unit's state; empty if the code alone does not tell."""
    found = backends.declared(infrastructure / unit.source, named_files.backend_settings(infrastructure, unit))
    return backends.place(found, options(unit.options).workspace or backends.DEFAULT) if found else ""


def _backend(infrastructure: Path, unit: Unit) -> Iterator[str]:
    folder = infrastructure / unit.source
    found = backends.declared(folder, named_files.backend_settings(infrastructure, unit))
    if found is None and not _is_readable(folder):
        return
    if fault := backends.fault(found, options(unit.options).workspace or backends.DEFAULT):
        yield fault


def _stacks(folder: Path) -> Iterator[str]:
    for name in sorted(file.name for file in folder.iterdir() if file.name.endswith(_OF_STACKS)):
        yield f"{name} is code of Terraform Stacks, which only HCP Terraform runs: make it a root of its own"


def _committed(infrastructure: Path, folder: Path) -> Iterator[str]:
    """Yield files that Terraform writes on one machine, and that would change what it does on another."""
    if any((place / ".git").exists() for place in (infrastructure, infrastructure.parent)):
        return  # A working tree, not a release: git may ignore these files.
    for name in sorted(_WRITTEN):
        file = folder / name
        if file.is_file() and file.stat().st_size:
            yield f"{name} is committed, and Terraform would use it in place of the backend: remove it from git"


def _in_env(unit: Unit) -> dict[str, str]:
    """Return the variables of Terraform that the unit's `env` sets."""
    given = options(unit.options).env.items()
    return {name.removeprefix("TF_VAR_"): value for name, value in given if name.startswith("TF_VAR_")}


def _overridden(folder: Path, unit: Unit) -> Iterator[str]:
    """Yield variables that are set twice: one value would silently override the other."""
    for name in sorted(_in_env(unit).keys() & unit.inputs.keys()):
        yield f"env sets TF_VAR_{name}, and the unit's inputs set {name} too: remove one of them"
    for file in sorted((*folder.glob("*.auto.tfvars"), *folder.glob("*.auto.tfvars.json"))):
        try:
            both = sorted(code.values(file).keys() & unit.inputs.keys())
        except InvalidInput:
            continue
        if both:
            yield f"{file.name} sets {', '.join(both)}, which the unit's inputs set too: remove one of them"


def _module_folders(infrastructure: Path, unit: Unit) -> list[Path]:
    """Return the folders of the root and of the local modules that it may use."""
    files = (infrastructure / path for path in reads(infrastructure, unit.source))
    code_files = (file for file in files if file.name.endswith(code.ENDINGS))
    return sorted({file.parent for file in code_files if not {"tests", "examples"} & {*file.parent.parts}})


def _module_calls(infrastructure: Path, folder: Path) -> Iterator[str]:
    for call in code.readable_blocks(folder, "module"):
        source = str(call.body.get("source", ""))
        if source.startswith(".") and (fault := _not_released(infrastructure, folder / source)):
            yield f"module {call.name} is {source}, {fault}"
        if fault := remote_modules.fault(call.name, call.body):
            yield f"{call.file.name}: {fault}"


def _not_released(infrastructure: Path, module: Path) -> str:
    """Return why a local module is not in a release; empty if it is."""
    if not module.resolve().is_relative_to(infrastructure):
        return "outside of infrastructure/ and so not in a release: move it there, or add it to `paths`"
    return (
        "" if module.is_dir() else "a folder that is not in the release: correct it, commit it, or add it to `paths`"
    )


def _is_readable(folder: Path) -> bool:
    """Tell whether all code can be read. If not, only terraform knows whether there is a backend."""
    try:
        code.blocks(folder, "terraform")
    except InvalidInput:
        return False
    return True
