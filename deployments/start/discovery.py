"""Finds what can be deployed: one `Piece` per folder that an engine accepts, and reasons for the folders left out.

A folder of Terraform code is a root if it has a backend. Without one, it is a root if it has a provider and no root
calls it. In a repository without any of these, every folder counts that no other one calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from deployments.start import environment_names, playbooks
from tasks import yaml12
from tasks.domain.errors import InvalidInput
from tasks.engines.cloudformation.documents import NAMES, template_file
from tasks.engines.terraform import code

_DEEPEST = 8
_SKIPPED = {
    *("node_modules", "vendor", "roles", "templates", "files", "__pycache__", "cdktf.out"),
    *("docs", "examples", "samples", "fixtures"),
}
_TESTS = re.compile(r"test(s|data|-.*|_.*)?")
_CALLED = re.compile(r'^\s*source\s*=\s*"(\.{1,2}/[^"]*)"', re.MULTILINE)
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_TERRAGRUNT = ("terragrunt.hcl", "terragrunt.stack.hcl")
_FOREIGN = {
    "Pulumi.yaml": "Pulumi: there is no engine for it",
    "serverless.yml": "Serverless Framework: there is no engine for it",
}


@dataclass(frozen=True)
class Piece:
    """A folder that an engine accepts. `folder` is relative to the start of the search; `file` is inside it."""

    engine: str
    folder: PurePosixPath
    file: str = ""


@dataclass(frozen=True)
class Left:
    """Something that is left out, and why."""

    place: PurePosixPath
    why: str


Found = Piece | Left


def discover(root: Path) -> tuple[list[Piece], list[Left]]:
    """Search everything below `root`.

    Returns:
        What engines accept, and what is left out with the reason, both in path order.
    """
    folders = folders_in(root)
    found = _roots_alone(root, [each for folder in folders for each in _in(root, folder)])
    parts = {place: why for place, why in _parts(root, folders).items() if not has_backend(root / place)}
    pieces = [each for each in found if isinstance(each, Piece) and each.folder not in parts]
    left = [each for each in found if isinstance(each, Left)]
    left += [
        Left(each.folder, parts[each.folder]) for each in found if isinstance(each, Piece) and each.folder in parts
    ]
    return pieces, sorted(left, key=lambda each: each.place)


def folders_in(root: Path) -> list[Path]:
    """Return the folders of a repository that may contain something to deploy, in path order."""
    return [root, *_folders(root, 1)]


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    for each in sorted(folder.iterdir()) if depth <= _DEEPEST else ():
        if each.is_dir() and not each.is_symlink() and not each.name.startswith(".") and not _is_skipped(each):
            yield each
            if not (each / "Chart.yaml").is_file():
                yield from _folders(each, depth + 1)


def _is_skipped(folder: Path) -> bool:
    """Tell whether a folder contains nothing to deploy. A folder `test` beside `dev` is an environment."""
    if not _TESTS.fullmatch(folder.name):
        return folder.name in _SKIPPED
    siblings = (each.name for each in folder.parent.iterdir() if each.is_dir() and each != folder)
    is_environment = environment_names.is_known(folder.name) and any(map(environment_names.is_known, siblings))
    return not is_environment


def _roots_alone(root: Path, found: list[Found]) -> list[Found]:
    """Keep only roots among the folders with Terraform code, if any folder is recognisable as one."""
    kinds = {
        each.folder: _kind(root / each.folder)
        for each in found
        if isinstance(each, Piece) and each.engine == "terraform"
    }
    if not any(kinds.values()):
        return found
    why = "Terraform code with neither a backend nor a provider: a module"
    return [
        each if not isinstance(each, Piece) or kinds.get(each.folder, "root") else Left(each.folder, why)
        for each in found
    ]


def has_backend(folder: Path) -> bool:
    """Tell whether a folder of Terraform code declares where its state is."""
    return _kind(folder) == "backend"


def _kind(folder: Path) -> str:
    """Return what makes a folder of Terraform code a root; empty if nothing does."""
    texts = [_text(file) for file in code.files(folder)]
    return next((kind for kind, pattern in _ROOT.items() if any(map(pattern.search, texts))), "")


_ROOT = {
    "backend": re.compile(r'^\s*(backend\s+"|"?(backend|cloud)"?\s*[:{])', re.MULTILINE),
    "provider": re.compile(r'^\s*(provider\s+"|"provider"\s*:)', re.MULTILINE),
}


def _in(root: Path, folder: Path) -> Iterator[Found]:
    place = PurePosixPath(folder.relative_to(root).as_posix())
    for kind in (_terragrunt, _terraform, _helm, _kustomize, _cloudformation, _packer, _ansible):
        yield from kind(folder, place)
    yield from (Left(place, why) for name, why in _FOREIGN.items() if (folder / name).is_file())


def _terragrunt(folder: Path, place: PurePosixPath) -> Iterator[Found]:
    if _is_terragrunt(folder):
        yield Piece("terragrunt", place)


def _is_terragrunt(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _TERRAGRUNT)


def _terraform(folder: Path, place: PurePosixPath) -> Iterator[Found]:
    if code.files(folder) and not _is_terragrunt(folder):
        yield Left(place, "a Terraform module") if "modules" in place.parts else Piece("terraform", place)


def _helm(folder: Path, place: PurePosixPath) -> Iterator[Found]:
    if (folder / "Chart.yaml").is_file():
        library = _read(folder / "Chart.yaml").get("type") == "library"
        yield Left(place, "a library chart, which others use") if library else Piece("helm", place)


def _kustomize(folder: Path, place: PurePosixPath) -> Iterator[Found]:
    file = _kustomization(folder)
    if file:
        component = _read(file).get("kind") == "Component"
        yield Left(place, "a component of overlays") if component else Piece("kustomize", place)


def _cloudformation(folder: Path, place: PurePosixPath) -> Iterator[Found]:
    for file in sorted([*folder.glob("*.y*ml"), *folder.glob("*.json"), *folder.glob("*.template")]):
        if "AWSTemplateFormatVersion" not in _text(file):
            continue
        if file.name in NAMES or _is_only_template(folder):
            yield Piece("cloudformation", place)
        else:
            yield Left(
                place / file.name, "a CloudFormation template: move it to a folder of its own, as template.yaml"
            )


def _is_only_template(folder: Path) -> bool:
    try:
        template_file(folder)
    except InvalidInput:
        return False
    return True


def _packer(folder: Path, place: PurePosixPath) -> Iterator[Found]:
    if any(folder.glob("*.pkr.hcl")):
        yield Piece("packer", place)


def _ansible(folder: Path, place: PurePosixPath) -> Iterator[Found]:
    found = playbooks.in_folder(folder)
    for file in found:
        if playbooks.is_whole(file, found[1:]) and file == found[0]:
            yield Piece("ansible", place, file.name)
        elif found[0].name in playbooks.WHOLE:
            what = f"a playbook beside {found[0].name}: where that does not import it, a unit of its own"
            yield Left(place / file.name, f"{what} with ansible: {{playbook: {file.name}}}")
        else:
            yield Left(place / file.name, f"one of several playbooks: a unit with ansible: {{playbook: {file.name}}}")


def _parts(root: Path, folders: list[Path]) -> dict[PurePosixPath, str]:
    """Return folders that others are made of: modules that roots call, bases that overlays build on."""
    found: dict[PurePosixPath, str] = {}
    for folder in folders:
        for what, named in ((_module, _modules(folder)), (_base, _bases(folder))):
            for path in named:
                target = (folder / path).resolve()
                if target.is_relative_to(root.resolve()) and target != folder.resolve():
                    place = PurePosixPath(target.relative_to(root.resolve()).as_posix())
                    found[place] = what(folder.relative_to(root).as_posix())
    return found


_module: Callable[[str], str] = "a Terraform module that {} calls".format
_base: Callable[[str], str] = "a base that {} builds on".format


def _modules(folder: Path) -> list[str]:
    return [path for file in code.files(folder) for path in _CALLED.findall(_text(file))]


def _bases(folder: Path) -> list[str]:
    file = _kustomization(folder)
    document = _read(file) if file else {}
    named = [path for key in ("resources", "bases", "components") for path in document.get(key) or ()]
    return [path for path in named if isinstance(path, str) and (folder / path).is_dir()]


def _kustomization(folder: Path) -> Path | None:
    return next((folder / name for name in _KUSTOMIZATIONS if (folder / name).is_file()), None)


def _read(file: Path) -> dict[Any, Any]:
    try:
        found = yaml12.load_by(_text(file), yaml.SafeLoader)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(file: Path) -> str:
    return file.read_text(errors="replace") if file.is_file() else ""
