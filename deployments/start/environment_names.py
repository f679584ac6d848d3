"""Which folders and files are named after environments, why, and in which order these come. Pure.

Most are known by name: dev, staging, prod-eu. Others are known by their place: a folder beside `dev` and `prod` that
is called like a region, or that holds the same units as they do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

Place = tuple[str, PurePosixPath]
"""An engine, and what it takes: a folder, or a file of values."""

_RANKS = (
    ("shared", "common"),
    ("sandbox",),
    ("dev", "development"),
    ("test", "testing", "int", "integration"),
    ("qa",),
    ("uat", "stage", "staging", "preprod"),
    ("prod", "production"),
)
_RANK = {name: rank for rank, names in enumerate(_RANKS) for name in names}
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_AREA = "af|ap|apac|asia|au|br|ca|cn|emea|eu|il|jp|latam|me|mx|sa|uk|us"
_SIDE = "gov|north|south|east|west|central"
_REGIONAL = re.compile(rf"({_AREA})(-({_SIDE})[a-z]*)*(-?\d+)?")


def is_known(part: str) -> bool:
    """Whether something is called as environments are: dev, prod-eu."""
    return bool(_SLUG.fullmatch(part)) and part.partition("-")[0] in _RANK


def found_in(places: Iterable[Place]) -> Mapping[str, str]:
    """The environments that folders are named after, in promotion order: {name: why it is taken for one}.

    What is known by its name needs no reason. What is not comes last: it is as far from dev as can be.
    """
    known = {*places}
    named = {part for _, path in known for part in path.parts if is_known(part)}
    others = {name: why for name, why in sorted(_beside(known)) if name not in named}
    return {**dict.fromkeys(sorted(named, key=_order), ""), **others}


def _order(name: str) -> tuple[int, str]:
    return _RANK[name.partition("-")[0]], name


def _beside(places: set[Place]) -> Iterator[tuple[str, str]]:
    """Names beside those of known environments, with why they are taken for environments too."""
    for engine, path in places:
        for at, part in enumerate(path.parts):
            if is_known(part) or not _SLUG.fullmatch(part):
                continue
            before, after = path.parts[:at], path.parts[at + 1 :]
            twins = {
                other.parts[at]
                for kind, other in places
                if kind == engine
                and len(other.parts) > at
                and other.parts[:at] == before
                and is_known(other.parts[at])
            }
            same = {twin for twin in twins if (engine, PurePosixPath(*before, twin, *after)) in places}
            if twins and _REGIONAL.fullmatch(part):
                yield part, f"it is beside {_listed(twins)} and called like a region"
            elif same and after:
                yield part, f"it is beside {_listed(same)} and has {'/'.join(after)} as well"


def _listed(names: set[str]) -> str:
    return " and ".join(sorted(names, key=_order))
