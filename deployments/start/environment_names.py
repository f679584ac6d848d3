"""Recognises folders, files and workspaces that are named after environments, and orders them. Pure.

Most are known by name: dev, staging, prod-eu. Others are recognised by their siblings. Examples are `apps-dev` beside
`apps-prd`, a folder beside `dev` and `prod` with a region's name, or one that holds the same units as they do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

Place = tuple[str, PurePosixPath]
"""An engine, and its source: a folder, or a file of values."""

_RANKS = (
    ("shared", "common", "global", "bootstrap", "org"),
    ("sandbox",),
    ("dev", "development", "devstg"),
    ("test", "testing", "int", "integration"),
    ("qa",),
    ("uat", "stage", "staging", "stg", "nonprod", "nonproduction", "preprod", "preproduction"),
    ("prod", "prd", "production"),
)
_RANK = {name: rank for rank, names in enumerate(_RANKS) for name in names}
ALONE = frozenset({"global", "bootstrap", "org"})
"""Names that count as environments only if they match exactly and other environments exist.

They hold what exists once.
"""
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_AREA = "af|ap|apac|asia|au|br|ca|cn|emea|eu|il|jp|latam|me|mx|sa|uk|us"
_SIDE = "gov|north|south|east|west|central"
_REGIONAL = re.compile(rf"({_AREA})(-({_SIDE})[a-z]*)*(-?\d+)?")


def is_known(part: str) -> bool:
    """Tell whether a name is a usual one for an environment: dev, prod-eu, pre-production."""
    first = part.partition("-")[0]
    return bool(_SLUG.fullmatch(part)) and (_whole(part) in _RANK or (first in _RANK and first not in ALONE))


def found_in(places: Iterable[Place]) -> Mapping[str, str]:
    """Return the environments that folders are named after, as {name: why it is considered one}.

    They are in promotion order. The reason is empty if the name alone suffices. Names that are not known come last,
    as far from dev as possible.
    """
    known = {*places}
    named = {part for _, path in known for part in path.parts if is_known(part)}
    ending = {part: why for part, why in sorted(_ending_alike(known)) if part not in named}
    if {*named} <= ALONE and not ending:
        named = set()
    sure: set[str] = {*named, *ending}
    others = {name: why for name, why in sorted(_beside(known, sure - ALONE)) if name not in sure}
    first = {name: ending.get(name, "") for name in sorted(sure, key=_order)}
    return {**first, **others}


def plain(part: str) -> str:
    """Return the environment's usual form of a path segment: "Prod_EU" -> "prod-eu", "env_dev" -> "dev"."""
    name = part.lower().replace("_", "-")
    prefix, _, rest = name.partition("-")
    return rest if prefix in ("env", "environment") and is_known(rest) else name


def words(text: str) -> list[str]:
    """Return the words that may name environments: "plat-ue1-dev" -> ["dev"], "prod-eu" -> ["prod-eu", "prod"]."""
    found = [text, *re.split(r"[^a-z0-9]+", text)]
    return [word for word in dict.fromkeys(found) if is_known(word)]


def named_in(text: str, names: Collection[str]) -> tuple[str, str]:
    """Split a word into environment and rest: "app-dev" -> ("dev", "app"); ("", word) if it names none."""
    for name in sorted(names, key=len, reverse=True):
        if re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text):
            rest = re.sub(rf"[-_]?(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])[-_]?", "-", text)
            return name, rest.strip("-_")
    return "", text


def _whole(part: str) -> str:
    return part.replace("-", "")


def _order(name: str) -> tuple[int, str]:
    candidates = (_whole(name), name.partition("-")[0], name.rpartition("-")[2])
    return next(_RANK[each] for each in candidates if each in _RANK), name


def _ending_alike(places: set[Place]) -> Iterator[tuple[str, str]]:
    """Yield names such as `apps-dev` beside `apps-prd`, and why."""
    for engine, path in places:
        for at, part in enumerate(path.parts):
            prefix, _, last = part.rpartition("-")
            if not prefix or last not in _RANK or is_known(part) or not _SLUG.fullmatch(part):
                continue
            siblings = {
                other.parts[at]
                for kind, other in places
                if kind == engine and len(other.parts) > at and other.parts[:at] == path.parts[:at]
            }
            twins = {
                name
                for name in siblings - {part}
                if name.rpartition("-")[0] == prefix and name.rpartition("-")[2] in _RANK
            }
            if twins:
                yield part, f"it is beside {_listed(twins)}"


def _beside(places: set[Place], sure: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield names beside known environments, with the reason to consider them environments too."""
    for engine, path in places:
        for at, part in enumerate(path.parts):
            if part in sure or not _SLUG.fullmatch(part):
                continue
            before, after = path.parts[:at], path.parts[at + 1 :]
            twins = {
                other.parts[at]
                for kind, other in places
                if kind == engine and len(other.parts) > at and other.parts[:at] == before and other.parts[at] in sure
            }
            same = {twin for twin in twins if (engine, PurePosixPath(*before, twin, *after)) in places}
            if twins and _REGIONAL.fullmatch(part):
                yield part, f"it is beside {_listed(twins)} and called like a region"
            elif same and after:
                yield part, f"it is beside {_listed(same)} and has {'/'.join(after)} as well"


def _listed(names: Collection[str]) -> str:
    return " and ".join(sorted(names, key=_order))
