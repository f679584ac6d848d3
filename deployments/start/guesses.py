"""From folders to units and environments. Every guess is kept with its reason, so that a person can check it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from deployments.start import environment_names
from deployments.start.discovery import Left, Piece, discover
from tasks.domain.errors import InvalidInput
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
    ),
    *("helm", "helm-charts", "charts", "kubernetes", "k8s", "kustomize", "overlays", "cloudformation", "cfn"),
    *("packer", "images", "ansible", "playbooks"),
}
"""Parts of paths that say nothing about what is in there."""
_ACCOUNT = re.compile(r"(?<![\d.])\d{12}(?![\d.])")
_REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il)-[a-z]+-\d\b")
TERRAGRUNT = "terragrunt"
_ON_CLUSTERS = ("helm", "kustomize")
NO_ACCOUNT, NO_REGION = "000000000000", "us-east-1"


@dataclass(frozen=True)
class Guess:
    """A value, and why it is that."""

    value: str
    why: str


@dataclass(frozen=True)
class GuessedUnit:
    """A unit. `source` may hold `{environment}`."""

    name: str
    engine: str
    source: str
    environments: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class GuessedEnvironment:
    """An environment. `account` and `region` are None where nothing there needs AWS.

    `why` says why it is taken for one, where its name does not.
    """

    name: str
    after: str
    account: Guess | None = None
    region: Guess | None = None
    cluster: bool = False
    why: str = ""


@dataclass(frozen=True)
class Guessed:
    """All that a first platform.yaml says, and what was left out."""

    platform: Guess
    environments: tuple[GuessedEnvironment, ...]
    units: tuple[GuessedUnit, ...]
    left: tuple[Left, ...] = field(default=())


def guess(repository: Path) -> Guessed:
    """Look at infrastructure/ of a repository. `InvalidInput` when nothing there can be taken, with the reasons."""
    infrastructure = repository / "infrastructure"
    pieces, left = discover(infrastructure) if infrastructure.is_dir() else ([], [])
    pieces, elsewhere = _in_live_folders(pieces)
    left = [*left, *elsewhere]
    names = _environment_names(infrastructure, pieces)
    units, refused = _accepted(infrastructure, _units(infrastructure, pieces, [*names]))
    left = [*left, *refused]
    if not units:
        raise InvalidInput(_nothing(repository, left))
    return Guessed(
        Guess(_slug(repository.resolve().name) or "platform", "the name of the repository's folder"),
        tuple(_environments(infrastructure, names, units)),
        tuple(units),
        tuple(left),
    )


def _in_live_folders(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Left]]:
    """Of all that is Terragrunt's the environments' folders, of which a platform has one kind; and what is in none.

    live/dev/eu/vpc and live/dev/eu/db are both in live/dev.
    """
    kept, left = list[Piece](), list[Left]()
    for piece in pieces:
        if piece.engine != TERRAGRUNT:
            kept.append(piece)
            continue
        live = _live_folder(piece.folder)
        first = next((each.folder.parent for each in kept if each.engine == TERRAGRUNT), None)
        if live is None:
            left.append(Left(piece.folder, "Terragrunt's, and in no environment's folder: units of a catalog"))
        elif first not in (None, live.parent):
            left.append(Left(piece.folder, f"Terragrunt's, and not in {first}: a platform has one such folder"))
        elif Piece(TERRAGRUNT, live) not in kept:
            kept.append(Piece(TERRAGRUNT, live))
    return kept, left


def _live_folder(folder: PurePosixPath) -> PurePosixPath | None:
    """The environment's folder around a unit: live/dev/eu/vpc -> live/dev."""
    around = (each for each in (folder, *folder.parents) if environment_names.is_known(each.name))
    return next(iter([*around][-1:]), None)


def _environment_names(infrastructure: Path, pieces: Sequence[Piece]) -> Mapping[str, str]:
    """{name: why it is taken for an environment; empty where its name says so}, in promotion order."""
    folders = [(piece.engine, piece.folder) for piece in pieces]
    files = [(piece.engine, file) for piece in pieces for file in _values(infrastructure, piece)]
    return environment_names.found_in([*folders, *files]) or {"dev": ""}


def _values(infrastructure: Path, piece: Piece) -> list[PurePosixPath]:
    """The files of values that a chart has, or a template of parameters, without their ending."""
    folder = piece.folder / {"helm": "values", "cloudformation": "parameters"}.get(piece.engine, "-")
    return [folder / file.stem for file in sorted((infrastructure / folder).glob("*.yaml"))]


def _units(infrastructure: Path, pieces: Sequence[Piece], names: Sequence[str]) -> Iterator[GuessedUnit]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for piece in pieces:
        here = next((part for part in piece.folder.parts if part in names), "")
        pattern = "/".join("{environment}" if part == here else part for part in piece.folder.parts)
        grouped.setdefault((piece.engine, pattern), []).extend([here] if here else [])
    taken: set[str] = set()
    for (engine, pattern), where in grouped.items():
        name = _name(engine, pattern, taken)
        taken.add(name)
        placed, why = _placed(infrastructure, Piece(engine, PurePosixPath(pattern)), where, names)
        yield GuessedUnit(name, engine, pattern, tuple(name for name in names if name in placed), why)


def _placed(infrastructure: Path, piece: Piece, where: list[str], names: Sequence[str]) -> tuple[Sequence[str], str]:
    if where:
        return where, "the environments that have such a folder"
    evident = [file.name for file in _values(infrastructure, piece) if file.name in names]
    if evident:
        return evident, "the environments that it has values for"
    if piece.engine == "terraform":
        return names[:1], "its path names no environment, and a root has one state: the first environment alone"
    return names, "its path names no environment: all of them"


def _name(engine: str, pattern: str, taken: set[str]) -> str:
    parts = [_slug(part) for part in pattern.split("/") if part != "{environment}" and part not in _GENERIC]
    name = "-".join(filter(None, parts)) or engine
    candidates = [name, f"{name}-{engine}", *(f"{name}-{number}" for number in range(2, 1000))]
    return next(each for each in candidates if each not in taken)


def _accepted(infrastructure: Path, units: Iterable[GuessedUnit]) -> tuple[list[GuessedUnit], list[Left]]:
    """The units whose engine can read them; why not, of the others."""
    accepted, refused = [], []
    for unit in units:
        try:
            for name in unit.environments:
                ENGINES[unit.engine].reads(infrastructure, unit.source.replace("{environment}", name))
        except InvalidInput as error:
            refused.append(Left(PurePosixPath(unit.source), f"{unit.engine}: {error}"))
        else:
            accepted.append(unit)
    return accepted, refused


def _environments(
    infrastructure: Path, names: Mapping[str, str], units: Sequence[GuessedUnit]
) -> Iterator[GuessedEnvironment]:
    before = ""
    for name, why in names.items():
        here = [unit for unit in units if name in unit.environments]
        if not here:
            continue
        needs_aws = any(_needs_aws(infrastructure, unit, name) for unit in here)
        texts = _texts(infrastructure, here, name) if needs_aws else {}
        account = _spotted(_ACCOUNT, texts, NO_ACCOUNT, "no account was found: write its 12 digits")
        region = _spotted(_REGION, texts, NO_REGION, "no region was found: write the one that is used")
        on_cluster = any(unit.engine in _ON_CLUSTERS for unit in here)
        yield GuessedEnvironment(
            name, before, account if needs_aws else None, region if needs_aws else None, on_cluster, why
        )
        before = name


def _needs_aws(infrastructure: Path, unit: GuessedUnit, environment: str) -> bool:
    return ENGINES[unit.engine].needs_aws(infrastructure, unit.source.replace("{environment}", environment))


def _texts(infrastructure: Path, units: Sequence[GuessedUnit], environment: str) -> Mapping[str, str]:
    """The files that are this environment's own, by path: what is in them says nothing about another one."""
    found = {}
    for unit in units:
        folder = infrastructure / unit.source.replace("{environment}", environment)
        own = folder.rglob("*") if "{environment}" in unit.source else folder.glob(f"*/{environment}.yaml")
        for file in sorted(own):
            if file.suffix in (".tf", ".tfvars", ".hcl", ".yaml", ".yml", ".json") and file.is_file():
                found[file.relative_to(infrastructure).as_posix()] = file.read_text(errors="replace")
    return found


def _spotted(pattern: re.Pattern[str], texts: Mapping[str, str], otherwise: str, why: str) -> Guess:
    for path, text in texts.items():
        if found := pattern.search(text):
            return Guess(found[0], f"found in {path}")
    return Guess(otherwise, why)


def _slug(text: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())).lstrip("0123456789-")


def _nothing(repository: Path, left: Sequence[Left]) -> str:
    """Why no platform.yaml can be written, and what to do with what there is."""
    told = [f"  infrastructure/{each.place}: {each.why}" for each in left]
    elsewhere, _ = discover(repository)
    moved = [piece for piece in elsewhere if piece.folder.parts[:1] != ("infrastructure",)]
    told += [f"  {piece.folder}: {piece.engine}, outside of infrastructure/" for piece in moved]
    first = dict.fromkeys(piece.folder.parts[0] for piece in moved if piece.folder.parts)
    if first:
        folders = " ".join(first)
        told.append(
            f"Only infrastructure/ is looked through: mkdir infrastructure && git mv {folders} infrastructure/; "
            "or leave them, and write platform.yaml yourself with their folders in `paths`"
        )
    listed = "\n".join(["nothing that can be taken was found in infrastructure/", *told])
    return listed if told else f"{listed}; put Terraform roots, charts, overlays, templates or playbooks there"
