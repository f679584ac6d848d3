"""Finds the instances of Terraform roots: a root in one environment, with its files and its state.

list or folder  ──▶  files whose names match  ──▶  environments  ──▶  one instance each
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from deployments.start import environment_names, states, value_files
from deployments.start.listed import Listed
from deployments.start.states import State
from deployments.start.value_files import COMMON, Match, ValueFile
from tasks.engines.terraform.configuration import read_values

ENVIRONMENT = "{environment}"


@dataclass(frozen=True)
class Instance:
    """A root in one environment; `environment` is empty if nothing names it.

    Attributes:
        folder: relative to the folder that is searched for sources.
        part: distinguishes instances with the same folder and environment.
        name: its name in a list.
        after: the names, in that list, of those before it.
        var_files, state, options: the content of its block `terraform`.
        why: why it is in this environment.
        notes: what a person must check.
    """

    folder: PurePosixPath
    environment: str
    why: str
    part: str = ""
    name: str = ""
    after: tuple[str, ...] = ()
    group: int = 0
    var_files: tuple[str, ...] = ()
    state: State = field(default_factory=State)
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ground:
    """Where instances are searched: a folder, its files of values, its roots, and its environments.

    `listings` are its JSON files, by name: one may list the environments of a root.
    """

    root: Path
    files: Sequence[ValueFile]
    roots: Collection[PurePosixPath]
    environments: Sequence[str]
    listings: Mapping[str, Sequence[Path]] = field(default_factory=dict)

    def environment_of(self, folder: PurePosixPath) -> str:
        """Return the environment that a folder belongs to; empty for none."""
        names = (name for part in folder.parts for name in (part, environment_names.plain(part)))
        return next((name for name in names if name in self.environments), "")


def listed(ground: Ground, each: Listed) -> Instance:
    """Return a root as a list declares it; files that the list does not name are found by their names."""
    environment = ground.environment_of(each.folder) or _of_words(ground, each)
    found = _discovered(ground, each.folder, environment)
    var_files = each.var_files or found.var_files
    state = found.state
    if each.backend_config or each.workspace:
        state = State((*each.backend_config,) or state.backend_config, each.workspace, "", state.settings)
    chosen = {"binary": each.binary, "version": each.version, "reads": [*each.reads]}
    notes = (*each.notes, *((f"{each.file} also runs: {'; '.join(each.steps)}",) if each.steps else found.notes))
    return replace(
        found,
        name=each.name,
        after=each.after,
        group=each.group,
        var_files=var_files,
        state=state,
        options={key: value for key, value in chosen.items() if value},
        why=f"as {each.file} has it",
        notes=notes,
    )


def discovered(ground: Ground, folder: PurePosixPath) -> list[Instance]:
    """Return a root in every environment that its path, workspaces or files name; one without, if none do."""
    pattern = states.workspaces(ground.root / folder, ground.environments)
    here = ground.environment_of(folder)
    if here and not (pattern and _is_called_so_by_chance(ground, folder, here)):
        return [_discovered(ground, folder, here)]
    if pattern:
        names = _with_workspaces(ground, folder, pattern)
        return [_in_workspace(ground, folder, name, pattern.replace(ENVIRONMENT, name)) for name in names]
    matches = _matches(ground, folder)
    if found := [*_by_files(ground, folder, matches)] or [*_by_folders(ground, folder)]:
        return found
    here = next((name for name in ground.environments if name in states.words_of_place(ground.root / folder)), "")
    found_here = _discovered(ground, folder, here)
    return [replace(found_here, why="where its state is names it") if here else found_here]


def _is_called_so_by_chance(ground: Ground, folder: PurePosixPath, environment: str) -> bool:
    """Tell whether a root with workspaces has an environment's name, but no sibling has one."""
    siblings = {each.name for each in ground.roots if each.parent == folder.parent} - {folder.name}
    return folder.name == environment and not siblings & {*ground.environments}


def _of_words(ground: Ground, each: Listed) -> str:
    """Return the environment that a list's entry names: by workspace, name or files."""
    for text in each.words:
        if found := environment_names.named_in(text, ground.environments)[0]:
            return found
    return ""


def _discovered(ground: Ground, folder: PurePosixPath, environment: str) -> Instance:
    """Return the root's instance in a single environment."""
    matches = [each for each in _matches(ground, folder) if each.environment in ("", environment)]
    return _instance(ground, folder, environment, matches, "the environments that have such a folder")


def _matches(ground: Ground, folder: PurePosixPath) -> list[Match]:
    declared = value_files.variables(ground.root / folder)
    found = value_files.matching(ground.files, folder, ground.environments, ground.roots)
    return [
        each for each in found if each.file.is_backend or value_files.sets_any(ground.root / each.file.path, declared)
    ]


def _instance(
    ground: Ground, folder: PurePosixPath, environment: str, matches: Iterable[Match], why: str, part: str = ""
) -> Instance:
    taken = [each for each in matches if each.part in ("", part)]
    backend = [
        (value_files.relative(each.file.path, folder), ground.root / each.file.path)
        for each in taken
        if each.file.is_backend
    ]
    shared = not ground.environment_of(folder)
    others = [word for word in folder.parts if word in ground.environments and word not in (environment, *COMMON)]
    name = (
        "/".join(filter(None, (*(word for word in folder.parts[-2:] if word not in value_files.SILENT), part)))
        or "root"
    )
    state = states.of(ground.root / folder, backend, name, environment, shared=shared and bool(environment))
    files = tuple(value_files.relative(each.file.path, folder) for each in taken if not each.file.is_backend)
    doubts = (f"guess: it is in {environment}, and not in {' or '.join(others)}",) if others else ()
    return Instance(folder, environment, why, part, var_files=files, state=state, notes=doubts)


def _by_files(ground: Ground, folder: PurePosixPath, matches: Sequence[Match]) -> Iterator[Instance]:
    """Yield an instance for each environment that the root has files for; backend files, if any, decide."""
    backends = [each for each in matches if each.file.is_backend and each.environment]
    parts = sorted({each.part for each in backends or matches if each.part}) or [""]
    parts = parts if not any(each.part == "" for each in backends) else ["", *(part for part in parts if part)]
    for name in ground.environments:
        for part in parts:
            mine = [each for each in matches if each.environment in ("", name)]
            decides = [each for each in backends or matches if each.environment == name and each.part == part]
            if decides:
                why = "the environments that it has files for"
                found = _instance(ground, folder, name, mine, why, part)
                yield found if len(parts) > 1 else replace(found, part="")


def _with_workspaces(ground: Ground, folder: PurePosixPath, pattern: str) -> list[str]:
    """Return the environments for which a root has workspaces: from its own list, or all that its code names."""
    for file in ground.listings.get(f"{folder.name}.json", ()):
        names = _listed_in(file)
        if found := [name for name in ground.environments if name in names]:
            return found
    literals = states.literals(ground.root / folder)
    ending = pattern.replace(ENVIRONMENT, "").removeprefix(folder.name)
    return [n for n in ground.environments if {f"{ending}{n}", pattern.replace(ENVIRONMENT, n)} & literals]


def _listed_in(file: Path) -> list[str]:
    try:
        found = json.loads(file.read_text(errors="replace"))
        return [each["name"] for each in found["environments"]]
    except (ValueError, KeyError, TypeError):
        return []


def _in_workspace(ground: Ground, folder: PurePosixPath, name: str, workspace: str) -> Instance:
    matches = [each for each in _matches(ground, folder) if each.environment in ("", name)]
    found = _instance(ground, folder, name, matches, "the environments whose workspaces its code names")
    state = replace(found.state, workspace=workspace, why="")
    return replace(found, state=state)


def _by_folders(ground: Ground, folder: PurePosixPath) -> Iterator[Instance]:
    """Yield instances of a generic root: one per folder of variable files that belongs to no other root.

    The root's backend leaves the state open, and it declares every variable that the files set.
    """
    declared = value_files.variables(ground.root / folder)
    for place, files in _folders(ground).items():
        environment = ground.environment_of(place)
        sets = {name for file in files for name in read_values(ground.root / file.path)}
        if not environment or not sets or not sets <= declared:
            continue
        others = _other_roots(ground, folder, place, sets)
        if any(_is_about(place, other) > _is_about(place, folder) for other in others):
            continue
        words = [word for word in place.parts if word != environment and word not in value_files.SILENT]
        part = "-".join(words) or "root"
        pattern = f"{value_files.relative(place, folder)}/*.tfvars"
        state = states.of(ground.root / folder, [], part, environment, shared=True)
        why = "the environments that have such a folder of variables"
        doubt = (f"guess: its root may be {' or '.join(map(str, others))} as well",) if others else ()
        yield Instance(folder, environment, why, part, part, var_files=(pattern,), state=state, notes=doubt)


def _other_roots(
    ground: Ground, folder: PurePosixPath, place: PurePosixPath, sets: Collection[str]
) -> list[PurePosixPath]:
    """Return other candidate roots for a folder of variables: they declare all of them and match its path as well."""
    found = (each for each in sorted(ground.roots) if each != folder)
    return [
        each
        for each in found
        if _is_about(place, each) >= _is_about(place, folder)
        and {*sets} <= value_files.variables(ground.root / each)
        and states.is_open(ground.root / each)
    ]


def _is_about(place: PurePosixPath, root: PurePosixPath) -> int:
    """Count the words that the paths of a folder of variables and of a root share."""
    one, other = (set(re.findall(r"[a-z0-9]+", str(each).lower())) for each in (place, root))
    return len(one & other)


def _folders(ground: Ground) -> dict[PurePosixPath, list[ValueFile]]:
    found: dict[PurePosixPath, list[ValueFile]] = {}
    for file in ground.files:
        if not file.is_backend and not {*file.path.parents} & {each for each in ground.roots if each.parts}:
            found.setdefault(file.path.parent, []).append(file)
    return found
