"""Reads a repository's own lists of Terraform roots: atlantis.yaml, digger.yml, Terramate's stacks, Atmos.

A list takes precedence over what folders look like: what it lists is a root wherever it is, and nothing else is.
Sources: the repo-level configuration of Atlantis, the reference of digger.yml, Terramate's configuration of stacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from deployments.start import atmos
from deployments.start.discovery import Left, folders_in
from deployments.start.listed import Listed
from tasks import yaml12
from tasks.engines.terraform import code

_ATLANTIS = ("atlantis.yaml", "atlantis.yml")
_DIGGER = ("digger.yml", "digger.yaml")
_CODE = re.compile(r"(\*\*?/)?\*\.(tf\*?|tofu\*?|tfvars|hcl)|\*\*/\*")
"""Patterns that only say that a root reads its own folder."""


def read(root: Path) -> tuple[list[Listed], list[Left]]:
    """Return the entries of the first list that the repository has, and what in it is left out."""
    for names, of_project in ((_ATLANTIS, _atlantis), (_DIGGER, _digger)):
        for name in names:
            document = _yaml(root / name)
            if projects := [each for each in document.get("projects") or () if isinstance(each, Mapping)]:
                workflows = document.get("workflows") or {}
                found = [of_project(name, each, workflows) for each in projects]
                return _there(root, found), _terragrunts(name, projects)
    if listed := [*_terramate(root)]:
        return listed, []
    stacks = atmos.read(root)
    return stacks, [*atmos.unread(root, stacks)]


def _atlantis(file: str, project: Mapping[str, Any], workflows: Mapping[str, Any]) -> Listed:
    when = (project.get("autoplan") or {}).get("when_modified") or ()
    folder = PurePosixPath(str(project.get("dir", ".")))
    flow = workflows.get(str(project.get("workflow"))) or {}
    values = {"WORKSPACE": str(project.get("workspace", "default")), "PROJECT_NAME": str(project.get("name", ""))}
    tool = str(project.get("terraform_distribution", ""))
    return _listed(
        Listed(
            file,
            folder,
            str(project.get("name", "")),
            _workspace(project),
            tuple(map(str, project.get("depends_on") or ())),
            int(project.get("execution_order_group") or 0),
            "tofu" if tool == "opentofu" else tool,
            str(project.get("terraform_version", "")).removeprefix("v"),
            tuple(each for each in map(str, when) if not _CODE.fullmatch(each) and not each.startswith("!")),
        ),
        [*_steps(flow, "plan")],
        values,
    )


def _digger(file: str, project: Mapping[str, Any], workflows: Mapping[str, Any]) -> Listed:
    folder = PurePosixPath(str(project.get("dir", ".")))
    flow = workflows.get(str(project.get("workflow"))) or {}
    patterns = (str(each).removeprefix("./") for each in project.get("include_patterns") or ())
    up = "/".join([".."] * len(folder.parts))
    return _listed(
        Listed(
            file,
            folder,
            str(project.get("name", "")),
            _workspace(project),
            tuple(map(str, project.get("depends_on") or ())),
            binary="tofu" if project.get("opentofu") else "",
            reads=tuple(f"{up}/{each}" if up else each for each in patterns),
        ),
        [*_steps(flow, "plan")],
        {"DIGGER_PROJECT_NAME": str(project.get("name", ""))},
    )


def _workspace(project: Mapping[str, Any]) -> str:
    found = str(project.get("workspace") or "default")
    return "" if found == "default" else found


def _steps(flow: Mapping[str, Any], stage: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the steps of a workflow's stage: the name, and its added arguments or its command."""
    for step in (flow.get(stage) or {}).get("steps") or ():
        if isinstance(step, Mapping):
            for name, inner in step.items():
                added = inner.get("extra_args") if isinstance(inner, Mapping) else inner
                yield str(name), [str(each) for each in (added if isinstance(added, list) else [added])]


def _listed(found: Listed, steps: Iterable[tuple[str, list[str]]], values: Mapping[str, str]) -> Listed:
    """Return a project with what its workflow adds."""
    var_files, backends, runs = list[str](), list[str | Mapping[str, Any]](), list[str]()
    for name, words in steps:
        filled = [_filled(word, values) for word in words]
        if name in ("init", "plan"):
            var_files += _values_of("-var-file", filled)
            backends += [_setting(each) for each in _values_of("-backend-config", filled)]
        elif name not in ("show", "policy_check"):
            runs += filled
    return replace(found, var_files=(*var_files,), backend_config=(*backends,), steps=(*runs,))


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = re.sub(rf"\$\{{?{name}\b\}}?", value, text)
    return text


def _values_of(option: str, words: list[str]) -> list[str]:
    """Return the values of an option, written as one word or as two."""
    text = " ".join(words)
    return re.findall(rf"-?{option}[= ]([^\s]+)", text)


def _setting(text: str) -> str | Mapping[str, Any]:
    name, equals, value = text.partition("=")
    return {name: value} if equals else text


def _there(root: Path, found: list[Listed]) -> list[Listed]:
    return [each for each in found if code.files(root / each.folder)]


def _terragrunts(file: str, projects: Iterable[Mapping[str, Any]]) -> list[Left]:
    return [
        Left(PurePosixPath(str(each.get("dir", "."))), f"in {file} as Terragrunt's")
        for each in projects
        if each.get("terragrunt") or each.get("terraform_distribution") == "terragrunt"
    ]


def _terramate(root: Path) -> Iterator[Listed]:
    """Yield Terramate's stacks: each folder with a `stack` block in a `*.tm.hcl` file."""
    files = (file for folder in folders_in(root) for file in sorted(folder.glob("*.tm.hcl")))
    stacks = {
        PurePosixPath(file.parent.relative_to(root).as_posix()): (file.name, block.body)
        for file in files
        if code.files(file.parent)
        for block in code.blocks_in(file, "stack")
    }
    for folder, (name, body) in stacks.items():
        after = {*_named(folder, body.get("after"), stacks)}
        after |= {
            f"/{other}"
            for other, (_, its) in stacks.items()
            if f"/{folder}" in _named(other, its.get("before"), stacks)
        }
        yield Listed(
            name, folder, f"/{folder}", after=(*sorted(after),), reads=(*_watched(folder, body.get("watch")),)
        )


def _named(
    folder: PurePosixPath, written: Any, stacks: Mapping[PurePosixPath, tuple[str, Mapping[str, Any]]]
) -> set[str]:
    """Return the stacks that a stack names: by a path from the root or from itself, or by a tag."""
    found = set[str]()
    for each in map(str, written or ()):
        tag = each.removeprefix("tag:")
        if tag != each:
            found |= {f"/{other}" for other, (_, body) in stacks.items() if tag in (body.get("tags") or ())}
        else:
            found.add(_absolute(folder, each))
    return found


def _watched(folder: PurePosixPath, written: Any) -> Iterator[str]:
    up = "/".join([".."] * len(folder.parts))
    for each in written or ():
        yield f"{up}{each}" if str(each).startswith("/") else str(each)


def _absolute(folder: PurePosixPath, written: str) -> str:
    if written.startswith("/"):
        return written.rstrip("/")
    parts = list(folder.parts)
    for part in PurePosixPath(written).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/" + "/".join(parts)


def _yaml(file: Path) -> Mapping[str, Any]:
    try:
        found = yaml12.load_by(file.read_text(errors="replace"), yaml.SafeLoader) if file.is_file() else {}
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, Mapping) else {}
