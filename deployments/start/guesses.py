"""Derives units and environments from folders. Every guess keeps its reason, so that a person can check it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from deployments.start import (
    accounts,
    dependencies,
    environment_names,
    instances,
    lists,
    playbooks,
    released,
    states,
    terragrunt,
    value_files,
)
from deployments.start.discovery import Left, Piece, discover
from deployments.start.grouping import Group, grouped
from deployments.start.guessed import ANSIBLE, TERRAFORM, TERRAGRUNT, Guess, Guessed, GuessedUnit
from deployments.start.instances import ENVIRONMENT, Ground
from deployments.start.listed import Listed
from tasks.domain.errors import InvalidInput
from tasks.domain.platform import Unit
from tasks.engines import ENGINES

_GENERIC = {
    *(
        "terraform",
        "environments",
        "envs",
        "env",
        "live",
        "stacks",
        "roots",
        "infrastructure",
        "infra",
        "apps",
        "deploy",
        "projects",
        "accounts",
        "components",
    ),
    *("helm", "helm-charts", "charts", "kubernetes", "k8s", "kustomize", "overlays", "cloudformation", "cfn"),
    *("packer", "images", "ansible", "playbooks"),
}
"""Path segments that say nothing about the content."""


_NO_HOSTS = "no inventory was found: name its hosts in inputs.hosts, or in ansible.inventory"


def guess(repository: Path) -> Guessed:
    """Propose a platform for a repository. Raises `InvalidInput` with the reasons if no engine accepts anything."""
    pieces, left = discover(repository)
    listed, of_lists = lists.read(repository)
    pieces, unlisted = _as_listed(pieces, listed)
    pieces, apart = terragrunt.alone(pieces)
    pieces, elsewhere = terragrunt.in_live_folders(pieces)
    folders = {piece.folder for piece in pieces}
    left = [*(each for each in left if each.place not in folders), *of_lists, *unlisted, *apart, *elsewhere]
    whole = any(piece.folder.parts[:1] != (released.FOLDER,) for piece in pieces)
    root = repository if whole else repository / released.FOLDER
    found = _Search.begun(root, [_from(piece, whole) for piece in pieces], [_listed_from(e, whole) for e in listed])
    units, refused = _accepted(root, _units(found))
    left = [*(_left_from(each, whole) for each in left), *refused]
    if not units:
        raise InvalidInput(_nothing(left))
    return Guessed(
        Guess(_slug(repository.resolve().name) or "platform", "the name of the repository's folder"),
        tuple(accounts.environments(root, found.names, units)),
        tuple(accounts.in_regions(units)),
        tuple(left),
        released.paths(root, [_as_unit(unit, name) for unit in units for name in unit.environments]) if whole else (),
    )


@dataclass(frozen=True)
class _Search:
    """What units are made of. `names`: {environment: why it is considered one}."""

    root: Path
    pieces: Sequence[Piece]
    listed: Sequence[Listed]
    names: Mapping[str, str]
    ground: Ground

    @classmethod
    def begun(cls, root: Path, pieces: Sequence[Piece], listed: Sequence[Listed]) -> _Search:
        has_roots = any(piece.engine == TERRAFORM for piece in pieces)
        files, listings = (value_files.found(root), value_files.listings(root)) if has_roots else ([], {})
        names = _environment_names(root, pieces, listed, value_files.places(files))
        roots = frozenset(piece.folder for piece in pieces if piece.engine == TERRAFORM)
        return cls(root, pieces, listed, names, Ground(root, files, roots, [*names], listings))


def _as_listed(pieces: Sequence[Piece], listed: Sequence[Listed]) -> tuple[list[Piece], list[Left]]:
    """Replace Terraform roots that were only recognised by their content with those of a list."""
    if not listed:
        return [*pieces], []
    named = {each.folder: each.file for each in listed}
    why = f"a root that is not in {listed[0].file}"
    others = [piece for piece in pieces if piece.engine != TERRAFORM]
    left = [Left(p.folder, why) for p in pieces if p.engine == TERRAFORM and p.folder not in named]
    return [*(Piece(TERRAFORM, folder) for folder in named), *others], left


def _from(piece: Piece, whole: bool) -> Piece:
    return piece if whole else replace(piece, folder=piece.folder.relative_to(released.FOLDER))


def _listed_from(each: Listed, whole: bool) -> Listed:
    return each if whole else replace(each, folder=each.folder.relative_to(released.FOLDER))


def _left_from(each: Left, whole: bool) -> Left:
    """Return the entry with its path relative to the sources' root; a path elsewhere is left whole."""
    inside = each.place.parts[:1] == (released.FOLDER,)
    return each if whole or not inside else Left(each.place.relative_to(released.FOLDER), each.why)


def _environment_names(
    root: Path, pieces: Sequence[Piece], listed: Sequence[Listed], more: Sequence[PurePosixPath]
) -> Mapping[str, str]:
    """Return {environment: why it is considered one; empty if its name suffices}, in promotion order."""
    folders = [(piece.engine, _plain(piece)) for piece in pieces]
    files = [(piece.engine, file) for piece in pieces for file in _values(root, piece)]
    texts = (text for each in listed for text in each.words)
    words = [*more, *(PurePosixPath(word) for text in texts for word in environment_names.words(text))]
    literals = [*_literals(root, pieces)]
    return environment_names.found_in([*folders, *files, *((TERRAFORM, place) for place in (*words, *literals))]) or {
        "dev": "nothing here names an environment"
    }


def _plain(piece: Piece) -> PurePosixPath:
    if piece.engine != TERRAFORM:
        return piece.folder
    return PurePosixPath(*map(environment_names.plain, piece.folder.parts))


def _literals(root: Path, pieces: Sequence[Piece]) -> Iterator[PurePosixPath]:
    """Yield the environments that roots name in their code: in workspaces, or in the location of their state."""
    for piece in pieces:
        if piece.engine == TERRAFORM:
            folder = root / piece.folder
            yield from (PurePosixPath(word) for word in (*states.words(folder), *states.words_of_place(folder)))


def _values(infrastructure: Path, piece: Piece) -> list[PurePosixPath]:
    """Return a chart's files of values or a template's files of parameters, without extension; or inventories."""
    if piece.engine == ANSIBLE:
        return playbooks.places(piece.folder, playbooks.inventories(infrastructure, infrastructure / piece.folder))
    folder = piece.folder / {"helm": "values", "cloudformation": "parameters"}.get(piece.engine, "-")
    return [folder / file.stem for file in sorted((infrastructure / folder).glob("*.yaml"))]


def _units(found: _Search) -> list[GuessedUnit]:
    """Return the units of all engines; `instances` provides Terraform's."""
    taken: set[str] = set()
    others = [piece for piece in found.pieces if piece.engine != TERRAFORM]
    groups = grouped(_instances(found))
    named = {_named(taken, group): group for group in groups}
    placed = {name: _in_environments(group, [*found.names]) for name, group in named.items()}
    needs = dependencies.needs(found.root, named, placed)
    roots = [_root(found.root, name, group, placed[name], needs[name]) for name, group in named.items()]
    return sorted(
        [*roots, *_grouped(found, others, taken)], key=lambda unit: (unit.engine == TERRAGRUNT, unit.source)
    )


def _instances(found: _Search) -> Iterator[instances.Instance]:
    if found.listed:
        yield from (instances.listed(found.ground, each) for each in found.listed)
    else:
        folders = (piece.folder for piece in found.pieces if piece.engine == TERRAFORM)
        yield from (each for folder in folders for each in instances.discovered(found.ground, folder))


def _named(taken: set[str], group: Group) -> str:
    name = _name(TERRAFORM, group.name or "/".join(filter(None, (group.source, group.part))), taken)
    taken.add(name)
    return name


def _in_environments(group: Group, names: Sequence[str]) -> tuple[str, ...]:
    placed = [name for name in names if name in group.environments]
    return (*placed,) or (*names[:1],)


def _root(
    root: Path, name: str, group: Group, environments: tuple[str, ...], needs: Mapping[str, str]
) -> GuessedUnit:
    alone = "its path names no environment, and a root has one state: the first environment alone"
    ordered = dependencies.comments(needs)
    return GuessedUnit(
        name,
        TERRAFORM,
        group.source,
        environments,
        group.why or alone,
        _decrypted(root, group),
        tuple(sorted(needs)),
        ordered,
        notes=group.notes,
    )


def _decrypted(root: Path, group: Group) -> Mapping[str, Any]:
    """Return a unit's options, marking the variable files that must be decrypted."""
    entries = [_entry(root, group, each) for each in group.options.get("var_files", ())]
    return {**group.options, "var_files": entries} if entries else group.options


def _entry(root: Path, group: Group, entry: Any) -> Any:
    path = entry["path"] if isinstance(entry, Mapping) else entry
    places = (root / each.folder / path.replace(ENVIRONMENT, each.environment) for each in group.instances)
    if not any(map(value_files.is_encrypted, places)):
        return entry
    return {**(entry if isinstance(entry, Mapping) else {"path": path}), "decrypt": "sops"}


def _grouped(found: _Search, pieces: Sequence[Piece], taken: set[str]) -> Iterator[GuessedUnit]:
    """Yield the units of other engines; pieces that differ only in the environment's name are one unit."""
    names = [*found.names]
    patterns: dict[tuple[str, str, str], list[str]] = {}
    for piece in pieces:
        here = next((part for part in piece.folder.parts if part in names), "")
        pattern = "/".join(ENVIRONMENT if part == here else part for part in piece.folder.parts) or "."
        patterns.setdefault((piece.engine, pattern, piece.file), []).extend([here] if here else [])
    for (engine, pattern, file), where in patterns.items():
        name = _name(engine, pattern, taken)
        taken.add(name)
        piece = Piece(engine, PurePosixPath(pattern), file)
        placed, why = _placed(found.root, piece, where, names)
        environments = tuple(name for name in names if name in placed)
        options = _options(found.root, piece, environments)
        notes = (_NO_HOSTS,) if engine == ANSIBLE and "inventory" not in options else ()
        yield GuessedUnit(name, engine, pattern, environments, why, options, notes=notes)


def _options(root: Path, piece: Piece, environments: Sequence[str]) -> Mapping[str, Any]:
    """Return an Ansible unit's options: its playbook and inventories, unless they have the usual names."""
    if piece.engine != ANSIBLE or not environments:
        return {}
    folder = root / str(piece.folder).replace(ENVIRONMENT, environments[0])
    chosen = {"playbook": piece.file, "inventory": playbooks.inventories(root, folder).path}
    return {name: value for name, value in chosen.items() if value and value != playbooks.WHOLE[0]}


def _placed(infrastructure: Path, piece: Piece, where: list[str], names: Sequence[str]) -> tuple[Sequence[str], str]:
    if where:
        return where, "the environments that have such a folder"
    evident = [file.name for file in _values(infrastructure, piece) if file.name in names]
    if evident:
        what = "an inventory" if piece.engine == ANSIBLE else "values"
        return evident, f"the environments that it has {what} for"
    if piece.engine == ANSIBLE and playbooks.inventories(infrastructure, infrastructure / piece.folder).path:
        return names[:1], "it has one inventory: the first environment alone"
    ordinary = [name for name in names if name not in environment_names.ALONE]
    return ordinary or names, "its path names no environment: all of them"


def _name(engine: str, pattern: str, taken: set[str]) -> str:
    parts = [_slug(part.replace(ENVIRONMENT, " ")) for part in pattern.split("/")]
    name = _slug("-".join(part for part in parts if part and part not in _GENERIC)) or engine
    candidates = [name, f"{name}-{engine}", *(f"{name}-{number}" for number in range(2, 1000))]
    return next(each for each in candidates if each not in taken)


def _accepted(infrastructure: Path, units: Iterable[GuessedUnit]) -> tuple[list[GuessedUnit], list[Left]]:
    """Return the units that their engines can read, and the others with the reason."""
    accepted, refused = [], []
    for unit in units:
        try:
            for name in unit.environments:
                ENGINES[unit.engine].reads(infrastructure, unit.source.replace(ENVIRONMENT, name))
        except InvalidInput as error:
            refused.append(Left(PurePosixPath(unit.source), f"{unit.engine}: {error}"))
        else:
            accepted.append(unit)
    return accepted, refused


def _slug(text: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())).lstrip("0123456789-")


def _as_unit(unit: GuessedUnit, environment: str) -> Unit:
    """Return a unit in the form in which a promotion sees it in one environment."""
    filled = json.loads(json.dumps(unit.options).replace(ENVIRONMENT, environment))
    return Unit(unit.name, unit.engine, unit.source.replace(ENVIRONMENT, environment), (environment,), options=filled)


def _nothing(left: Sequence[Left]) -> str:
    """Explain why no platform.yaml can be written, and what to do."""
    listed = "\n".join(["nothing that can be taken was found", *(f"  {each.place}: {each.why}" for each in left)])
    return listed if left else f"{listed}; put Terraform roots, charts, overlays, templates or playbooks there"
